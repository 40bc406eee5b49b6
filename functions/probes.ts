import type { RecordStore } from "../shared/documents/kinds.ts";
import { NucleusError, toNucleusError } from "../shared/kernel/errors.ts";
import { Tag } from "../shared/kernel/metadata.ts";
import type { MessageSender } from "../shared/messages/message-sender.ts";
import type { ContentVault } from "../shared/vault/content-vault.ts";
import type { KeyStore } from "../shared/vault/key-store.ts";
import type { Secrets } from "../shared/vault/secrets.ts";

/** What the app cannot work without. */
export interface Dependencies {
  readonly store: RecordStore;
  readonly vault: ContentVault;
  readonly keys: KeyStore;
  readonly secrets: Secrets;
  readonly messages: MessageSender;
}

export const dependencyNames = [
  "documents",
  "vault",
  "keys",
  "secrets",
  "serviceBus",
] as const;
export type DependencyName = (typeof dependencyNames)[number];

const probeTimeoutMs = 5_000;
const nobody = { owner: Tag.parse("health"), purpose: "work" } as const;

/** One cheap question for each dependency. */
export function toProbes(
  dependencies: Dependencies,
): Readonly<Record<DependencyName, () => Promise<unknown>>> {
  const { store, vault, keys, secrets, messages } = dependencies;
  return {
    documents: () => store.ping(),
    vault: async () => {
      for await (const _ of vault.owners()) break;
    },
    keys: () => keys.read(nobody),
    secrets: () => secrets.get("kek"),
    serviceBus: () => messages.ping(),
  };
}

/** Why a dependency does not answer; `undefined` when it does. What takes too long counts as unavailable. */
export async function runProbe(
  probe: () => Promise<unknown>,
  timeoutMs = probeTimeoutMs,
): Promise<NucleusError | undefined> {
  const tooLate = Promise.withResolvers<NucleusError>();
  const timer = setTimeout(
    () => tooLate.resolve(new NucleusError("service_unavailable")),
    timeoutMs,
  );
  const answered = probe().then(
    () => undefined,
    (thrown: unknown) => toNucleusError(thrown, "service_unavailable"),
  );
  const failure = await Promise.race([answered, tooLate.promise]);
  clearTimeout(timer);
  return failure;
}
