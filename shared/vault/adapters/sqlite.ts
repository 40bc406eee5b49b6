import type { DatabaseSync } from "node:sqlite";
import { systemNow, type Now } from "../../kernel/clock.ts";
import { NucleusError } from "../../kernel/errors.ts";
import { available } from "../../storage/available.ts";
import { createGroupWriter } from "../../storage/group-writer.ts";
import { openDatabase } from "../../storage/open-database.ts";
import { isBusyError } from "../../storage/sqlite-failure.ts";
import { untilFree } from "../../storage/until-free.ts";
import { maxWrappedBytes, type KeyStore } from "../key-store.ts";
import type { VaultOwner } from "../vault-object.ts";
import { createKeyTable, type KeyTable } from "./sqlite-key-table.ts";

export interface SqliteKeyStoreOptions {
  /** A file of its own, never backed up together with anything else. */
  readonly file: string;
  readonly now?: Now;
  readonly tombstoneTtlMs?: number;
}

const dayMs = 24 * 60 * 60 * 1000;
/** How long a shred waits for another process that keeps it from truncating, before its caller has to repeat it. */
const truncateWithinMs = 5000;
/** How long each attempt at it may block this process, once the file is open. */
const busyTimeoutMs = 20;

/** "NuKe": what the file is. */
const applicationId = 0x4e754b65;

const migrations = [
  `CREATE TABLE slots (slot INTEGER PRIMARY KEY, bytes BLOB NOT NULL);
   CREATE TABLE free_slots (slot INTEGER PRIMARY KEY);
   CREATE TABLE owners (
     owner TEXT NOT NULL,
     purpose TEXT NOT NULL,
     slot INTEGER,
     kek_version TEXT,
     tombstone_until INTEGER,
     PRIMARY KEY (owner, purpose)
   ) WITHOUT ROWID;
   CREATE INDEX owners_fading ON owners (tombstone_until) WHERE tombstone_until IS NOT NULL;`,
];

/**
 * The key store of one machine. Shredding must leave no byte of the wrapped key in the database, the WAL or the shared
 * memory file, so besides `secure_delete`:
 *
 * W1. Key bytes lie in slots: rows of one fixed size, appended in order, overwritten in place, zeroed and reused, never
 *     deleted. So the B-tree has no reason to move them, and no stale copy stays in the free part of a page.
 * W2. A shred answers after COMMIT *and* after the WAL, which still holds the page as it was, was written back and
 *     truncated to nothing. The shreds of one event-loop turn share both.
 * W3. After a crash between the two the shred was not answered: it is repeated, and it truncates even when the tombstone
 *     is already there. Opening the store truncates as well.
 *
 * @throws DatabaseRefused when the file is not ours or is newer than this program
 */
export function createSqliteKeyStore(options: SqliteKeyStoreOptions): KeyStore {
  const { file, now = systemNow, tombstoneTtlMs = 90 * dayMs } = options;
  const database = openDatabase({
    file,
    applicationId,
    migrations,
  });
  database.exec(
    `PRAGMA secure_delete = ON; PRAGMA temp_store = MEMORY; PRAGMA busy_timeout = ${busyTimeoutMs}`,
  );
  const group = createGroupWriter(database);
  const table = createKeyTable(database, { now, tombstoneTtlMs });

  const writeAndTruncate = async <T>(operation: () => T): Promise<T> => {
    const outcome = await group.write(operation);
    await truncated(database);
    return outcome;
  };
  truncateWal(database);

  return {
    create: (owner, key) =>
      available(async () => {
        assertFits(key.wrapped);
        return group.write(() => table.create(owner, key));
      }),

    read: (owner) => available(async () => table.read(owner)),

    rewrap: (owner, from, key) =>
      available(async () => {
        assertFits(key.wrapped);
        const isDone = await writeAndTruncate(() =>
          table.rewrap(owner, from, key),
        );
        return isDone ? "rewrapped" : "unchanged";
      }),

    shred: (owner) =>
      available(() => writeAndTruncate(() => table.shred(owner))),

    // Deleted bytes are overwritten and the journal is truncated: see `truncated`.
    check: () => Promise.resolve([]),

    underOtherVersions: (kekVersion) => listOthers(table, kekVersion),

    close: async () => {
      group.flush();
      database.close();
    },
  };
}

/** Some at a time: a statement that stays open while its reader works would keep the WAL from being truncated (W2). */
async function* listOthers(
  table: KeyTable,
  kekVersion: string,
): AsyncGenerator<VaultOwner, void> {
  let after: VaultOwner | undefined;
  do {
    const some = await available(async () =>
      table.underOtherVersions(kekVersion, after),
    );
    yield* some;
    after = some.at(-1);
  } while (after);
}

/** Resolves when nothing that was committed until now is left in the WAL. */
async function truncated(database: DatabaseSync): Promise<void> {
  const isTruncated = await untilFree({
    attempt: () => truncateWal(database),
    waitAtMostMs: truncateWithinMs,
  });
  if (!isTruncated) throw new NucleusError("store_unavailable");
}

/** Writes the WAL back and cuts it to zero bytes; false when another process kept it busy. Cheap when it is empty. */
function truncateWal(database: DatabaseSync): boolean {
  try {
    const row = database.prepare("PRAGMA wal_checkpoint(TRUNCATE)").get();
    return row?.["busy"] === 0;
  } catch (error) {
    if (isBusyError(error)) return false;
    throw error;
  }
}

function assertFits(wrapped: Uint8Array): void {
  if (wrapped.byteLength === 0 || wrapped.byteLength > maxWrappedBytes) {
    throw new NucleusError("document_invalid");
  }
}
