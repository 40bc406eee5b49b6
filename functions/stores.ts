import { join } from "node:path";
import type { TokenCredential } from "@azure/identity";
import { createSqliteDocumentStore } from "../shared/documents/adapters/sqlite.ts";
import { indexes, kinds, type RecordStore } from "../shared/documents/kinds.ts";
import {
  createLeaseLock,
  type WithLock,
} from "../shared/documents/lease-lock.ts";
import type { Now } from "../shared/kernel/clock.ts";
import { type Config, needed } from "../shared/kernel/config.ts";
import { createFileSecrets } from "../shared/vault/adapters/file.ts";
import { createFolderContentVault } from "../shared/vault/adapters/folder.ts";
import { createSqliteKeyStore } from "../shared/vault/adapters/sqlite.ts";
import type { ContentVault } from "../shared/vault/content-vault.ts";
import type { KeyStore } from "../shared/vault/key-store.ts";
import type { Secrets } from "../shared/vault/secrets.ts";

/** Everything that Nucleus keeps, behind its ports. */
export interface Stores {
  readonly store: RecordStore;
  readonly vault: ContentVault;
  readonly keys: KeyStore;
  readonly secrets: Secrets;
}

export interface StoreOptions {
  readonly config: Config;
  readonly credential: TokenCredential;
  readonly now: Now;
  readonly sleep: (ms: number) => Promise<unknown>;
  readonly random: () => number;
}

/**
 * The stores that the settings choose. Those of Azure are loaded only where they are chosen: their clients are heavy,
 * and a cold start must not wait for what it does not use.
 */
export async function openStores(options: StoreOptions): Promise<Stores> {
  const [store, vault, keys] = await Promise.all([
    openDocuments(options),
    openVault(options),
    openKeys(options),
  ]);
  const withLock = createLeaseLock({ ...options, store });
  return { store, vault, keys, secrets: await openSecrets(options, withLock) };
}

async function openDocuments({
  config,
  credential,
  now,
}: StoreOptions): Promise<RecordStore> {
  switch (config.STORAGE) {
    case "sqlite":
      return createSqliteDocumentStore({
        file: inDataDir(config, "documents.db"),
        kinds,
        indexes,
        now,
      });
    case "cosmos": {
      const { createCosmosDocumentStore } =
        await import("../shared/documents/adapters/cosmos.ts");
      return createCosmosDocumentStore({
        endpoint: needed(config, "COSMOS_ENDPOINT"),
        databaseId: config.COSMOS_DATABASE,
        containerId: config.COSMOS_CONTAINER,
        credential,
        kinds,
        indexes,
        now,
      });
    }
    default:
      return config.STORAGE satisfies never;
  }
}

async function openVault({
  config,
  credential,
  now,
}: StoreOptions): Promise<ContentVault> {
  switch (config.VAULT) {
    case "folder":
      return createFolderContentVault({
        folder: inDataDir(config, "vault"),
        now,
      });
    case "blob": {
      const { createBlobContentVault } =
        await import("../shared/vault/adapters/blob-content-vault.ts");
      return createBlobContentVault({
        serviceUrl: needed(config, "VAULT_BLOB_URL"),
        container: config.VAULT_CONTAINER,
        credential,
      });
    }
    default:
      return config.VAULT satisfies never;
  }
}

async function openKeys({
  config,
  credential,
  now,
}: StoreOptions): Promise<KeyStore> {
  switch (config.KEYS) {
    case "sqlite":
      return createSqliteKeyStore({ file: inDataDir(config, "keys.db"), now });
    case "blob": {
      const { createBlobKeyStore } =
        await import("../shared/vault/adapters/blob-key-store.ts");
      return createBlobKeyStore({
        serviceUrl: needed(config, "KEYS_BLOB_URL"),
        container: config.KEYS_CONTAINER,
        credential,
        now,
      });
    }
    default:
      return config.KEYS satisfies never;
  }
}

async function openSecrets(
  { config, credential, now }: StoreOptions,
  withLock: WithLock,
): Promise<Secrets> {
  switch (config.SECRETS) {
    case "file":
      return createFileSecrets({ folder: inDataDir(config, "secrets") });
    case "key-vault": {
      const { createKeyVaultSecrets } =
        await import("../shared/vault/adapters/key-vault.ts");
      return createKeyVaultSecrets({
        vaultUrl: needed(config, "KEY_VAULT_URL"),
        credential,
        withLock,
        now,
      });
    }
    default:
      return config.SECRETS satisfies never;
  }
}

function inDataDir(config: Config, name: string): string {
  return join(needed(config, "DATA_DIR"), name);
}
