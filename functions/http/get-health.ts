import type { RecordStore } from "../../shared/documents/kinds.ts";
import type { MessageSender } from "../../shared/messages/message-sender.ts";
import { Tag } from "../../shared/kernel/metadata.ts";
import type { ContentVault } from "../../shared/vault/content-vault.ts";
import type { KeyStore } from "../../shared/vault/key-store.ts";
import type { Secrets } from "../../shared/vault/secrets.ts";
import type { PublicRoute } from "./route.ts";

interface Dependencies {
  readonly store: RecordStore;
  readonly vault: ContentVault;
  readonly keys: KeyStore;
  readonly secrets: Secrets;
  readonly messages: MessageSender;
}

const checkTimeoutMs = 5_000;

/** `GET /health/live` (the process serves requests) and `GET /health/ready` (so does all that it depends on). */
export function createGetHealth(
  dependencies: Dependencies,
): readonly PublicRoute[] {
  return [
    {
      name: "get-health-live",
      method: "GET",
      path: "v1/health/live",
      access: "anonymous",
      handle: () => Promise.resolve({ jsonBody: { status: "ok" } }),
    },
    {
      name: "get-health-ready",
      method: "GET",
      path: "v1/health/ready",
      access: "anonymous",
      async handle() {
        const checks = Object.fromEntries(
          await Promise.all(
            Object.entries(toProbes(dependencies)).map(
              async ([name, probe]) => [
                name,
                (await answers(probe)) ? "ok" : "unavailable",
              ],
            ),
          ),
        ) as Record<string, "ok" | "unavailable">;
        const isReady = Object.values(checks).every((check) => check === "ok");
        return {
          status: isReady ? 200 : 503,
          jsonBody: { status: isReady ? "ok" : "unavailable", checks },
        };
      },
    },
  ];
}

const nobody = { owner: Tag.parse("health"), purpose: "work" } as const;

/** One cheap question for each dependency. */
function toProbes(
  dependencies: Dependencies,
): Readonly<Record<string, () => Promise<unknown>>> {
  const { store, vault, keys, secrets, messages } = dependencies;
  return {
    documents: () => store.ping(),
    vault: async () => {
      for await (const _ of vault.owners()) break;
    },
    keys: () => keys.read(nobody),
    secrets: () => secrets.list(),
    serviceBus: () => messages.ping(),
  };
}

async function answers(probe: () => Promise<unknown>): Promise<boolean> {
  let timer: NodeJS.Timeout | undefined;
  const tooLate = new Promise<boolean>((resolve) => {
    timer = setTimeout(() => resolve(false), checkTimeoutMs);
  });
  const answered = probe().then(
    () => true,
    () => false,
  );
  const isUp = await Promise.race([answered, tooLate]);
  clearTimeout(timer);
  return isUp;
}
