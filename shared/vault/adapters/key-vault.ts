import type { TokenCredential } from "@azure/identity";
import type { KeyVaultSecret } from "@azure/keyvault-secrets";
import { systemNow, type Now } from "../../kernel/clock.ts";
import { NucleusError } from "../../kernel/errors.ts";
import { Tag } from "../../kernel/metadata.ts";
import {
  assertSecretName,
  type Secret,
  type Secrets,
  type SecretVersion,
} from "../secrets.ts";
import {
  createSecretClient,
  onVault,
  unlessMissing,
} from "./key-vault-client.ts";
import { createDeletion } from "./key-vault-deletion.ts";
import { fromKeyVaultValue, toKeyVaultValue } from "./key-vault-value.ts";

export interface KeyVaultSecretsOptions {
  /** `https://{vault}.vault.azure.net`, or the vault's address in a sovereign cloud. */
  readonly vaultUrl: string;
  readonly credential: TokenCredential;
  /** Runs `work` while no other process runs work under the same name; Key Vault has no conditional set. */
  readonly withLock: <T>(name: string, work: () => Promise<T>) => Promise<T>;
  readonly now?: Now;
  /** Between two questions whether a deletion, purge or recovery is done; 2 s. */
  readonly pollIntervalMs?: number;
  /** How long one request may take; 10 s. */
  readonly answerWithinMs?: number;
}

/**
 * Secrets in Key Vault, through the app's identity. Nothing is cached here, so a rotation is seen by the next `get`;
 * whoever reads often caches what it knows the meaning of.
 *
 * V1. A version that is disabled, or a newest version outside its validity, is `configuration_invalid`: it exists, so
 *     nothing is created in its place (S1). An earlier version is read also after its expiry, for what was sealed under
 *     it has to be opened.
 * V2. Deleting purges where the vault allows it. Where it does not, setting the name again recovers the secret and adds
 *     a version; the versions from before the deletion can then be read by their id, as an operator could all along.
 * V3. Names ignore case, as Key Vault's do.
 */
export function createKeyVaultSecrets(
  options: KeyVaultSecretsOptions,
): Secrets {
  const { vaultUrl, credential, withLock } = options;
  const { now = systemNow, pollIntervalMs = 2000 } = options;
  const { answerWithinMs = 10_000 } = options;
  const client = createSecretClient({ vaultUrl, credential, answerWithinMs });
  const deletion = createDeletion(client, pollIntervalMs);

  const get = (name: string): Promise<SecretVersion | undefined> =>
    onVault(async () => {
      assertSecretName(name);
      const found = await unlessMissing(client.getSecret(name));
      if (!found) return undefined;
      assertValid(found, now());
      return { value: fromKeyVaultValue(found), version: versionOf(found) };
    });

  const set = (name: string, value: Secret): Promise<SecretVersion> =>
    onVault(async () => {
      assertSecretName(name);
      const { value: text, contentType } = toKeyVaultValue(value);
      const stored = await deletion.reusingName(name, () =>
        client.setSecret(name, text, { contentType }),
      );
      return { value, version: versionOf(stored) };
    });

  return {
    get,
    set,

    getVersion: (name, version) =>
      onVault(async () => {
        assertSecretName(name);
        if (!/^[\da-f]{32}$/.test(version)) return undefined;
        const found = await unlessMissing(client.getSecret(name, { version }));
        return found && fromKeyVaultValue(found);
      }),

    getOrCreate: async (name, create) =>
      (await get(name)) ??
      withLock(
        `secret-${name}`,
        async () => (await get(name)) ?? set(name, create()),
      ),

    delete: (name) =>
      onVault(async () => {
        assertSecretName(name);
        await deletion.remove(name);
      }),

    list: () =>
      onVault(async () => {
        const names: string[] = [];
        for await (const properties of client.listPropertiesOfSecrets()) {
          names.push(properties.name);
        }
        return names.toSorted();
      }),
  };
}

function versionOf({ properties }: KeyVaultSecret): Tag {
  return Tag.parse(properties.version);
}

/** Key Vault hands out a secret also outside the time that it is valid for. */
function assertValid({ properties }: KeyVaultSecret, now: number): void {
  const { notBefore, expiresOn } = properties;
  const isEarly = notBefore !== undefined && now < notBefore.getTime();
  const isLate = expiresOn !== undefined && now >= expiresOn.getTime();
  if (isEarly || isLate) throw new NucleusError("configuration_invalid");
}
