import { join } from "node:path";
import { createSqliteDocumentStore } from "../shared/documents/adapters/sqlite.ts";
import { indexes, kinds, type RecordStore } from "../shared/documents/kinds.ts";
import { type Config, needed } from "../shared/kernel/config.ts";
import type { Now } from "../shared/kernel/clock.ts";
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

/** The stores of one machine, below DATA_DIR. */
export function openStores(config: Config, now: Now): Stores {
  const below = (name: string) => join(needed(config, "DATA_DIR"), name);
  return {
    store: createSqliteDocumentStore({
      file: below("documents.db"),
      kinds,
      indexes,
      now,
    }),
    vault: createFolderContentVault({ folder: below("vault"), now }),
    keys: createSqliteKeyStore({ file: below("keys.db"), now }),
    secrets: createFileSecrets({ folder: below("secrets") }),
  };
}
