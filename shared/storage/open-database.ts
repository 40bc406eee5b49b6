import { existsSync } from "node:fs";
import { DatabaseSync } from "node:sqlite";
import { assertWholeWal } from "./assert-whole-wal.ts";
import { DatabaseRefused } from "./database-refused.ts";
import { assertUsableFile } from "./inspect-file.ts";
import { describeSqliteFailure } from "./sqlite-failure.ts";

export { DatabaseRefused } from "./database-refused.ts";

export interface OpenDatabaseOptions {
  readonly file: string;
  /** What the file is, in SQLite's `application_id` (a 32-bit integer of our own). */
  readonly applicationId: number;
  /** `migrations[n]` brings schema version n to n + 1; the newest version is their number. */
  readonly migrations: readonly string[];
  /** How long an operation waits, blocking this process, for another process's transaction. Default 5 s. */
  readonly busyTimeoutMs?: number;
  /** Whether free pages can be given back to the file system (`createSpaceKeeper` does it). Default false. */
  readonly canShrink?: boolean;
  /** Whether no other process can have the file open: only then can a damaged WAL be told from one being written. */
  readonly isSoleUser?: boolean;
  /** Looks into a file of ours, of whatever earlier schema, before anything of it is changed; it refuses by throwing. */
  readonly inspect?: (database: DatabaseSync) => void;
}

/** What the WAL is cut back to once it has been written back, after a long reader or a large transaction. */
const walBytesKept = 16 * 1024 * 1024;

/** An older file up to this size is rewritten at once to be able to shrink: some tenths of a second. */
const rewrittenBytes = 32 * 1024 * 1024;

/**
 * Opens a durable SQLite file: WAL, `synchronous=FULL` (survives power loss), migrated forward to the newest schema.
 * Several processes may open the same file at the same time: one of them migrates.
 *
 * @throws DatabaseRefused when the file is of another program, is damaged, or is newer than this program; it is left as
 * it is.
 */
export function openDatabase(options: OpenDatabaseOptions): DatabaseSync {
  const { file, busyTimeoutMs = 5000, canShrink = false } = options;
  let database: DatabaseSync | undefined;
  try {
    if (file !== ":memory:") lookInto(options);
    database = new DatabaseSync(file, { timeout: busyTimeoutMs });
    assertOurs(database, options);
    if (canShrink) makeShrinkable(database);
    database.exec("PRAGMA journal_mode = WAL");
    database.exec(`PRAGMA journal_size_limit = ${walBytesKept}`);
    database.exec("PRAGMA synchronous = FULL");
    database.exec("PRAGMA foreign_keys = ON");
    migrate(database, options);
    return database;
  } catch (error) {
    database?.close();
    if (error instanceof DatabaseRefused) throw error;
    throw new DatabaseRefused(describeSqliteFailure(file, error));
  }
}

/** A first look that changes nothing, where an ordinary connection would write a WAL back when it is closed. */
function lookInto(options: OpenDatabaseOptions): void {
  const { file, busyTimeoutMs = 5000 } = options;
  assertUsableFile(file);
  if (options.isSoleUser === true) assertWholeWal(file);
  // A rollback journal is left by a process that ended while it made the file; only a writer can roll it back.
  if (!existsSync(file) || existsSync(`${file}-journal`)) return;
  const database = new DatabaseSync(file, {
    readOnly: true,
    timeout: busyTimeoutMs,
  });
  try {
    assertOurs(database, options);
    if (!isEmpty(database)) options.inspect?.(database);
  } finally {
    database.close();
  }
}

/** @throws DatabaseRefused when the file is another program's or has a newer schema; an empty one is anybody's. */
export function assertOurs(
  database: DatabaseSync,
  {
    file,
    applicationId,
    migrations,
  }: Pick<OpenDatabaseOptions, "file" | "applicationId" | "migrations">,
): void {
  if (isEmpty(database)) return;
  if (readPragma(database, "application_id") !== applicationId) {
    throw new DatabaseRefused(
      `${file} is not a Nucleus database of this kind. Choose another NUCLEUS_HOME or move the file away.`,
    );
  }
  const version = readPragma(database, "user_version");
  if (version > migrations.length) {
    throw new DatabaseRefused(
      `${file} has schema version ${version}, this program knows up to ${migrations.length}. Run the newer program, or choose another NUCLEUS_HOME.`,
    );
  }
}

/** Only a new file can be made so for nothing; an older one must be written anew, which a large one is not here. */
function makeShrinkable(database: DatabaseSync): void {
  if (readPragma(database, "auto_vacuum") === incremental) return;
  const bytes =
    readPragma(database, "page_count") * readPragma(database, "page_size");
  database.exec(`PRAGMA auto_vacuum = ${incremental}`);
  if (bytes === 0 || bytes > rewrittenBytes) return;
  database.exec("PRAGMA temp_store = MEMORY");
  database.exec("VACUUM");
}

/** The value of SQLite's `auto_vacuum`. */
const incremental = 2;

/** The version is read again under the write lock: another process may have migrated meanwhile. */
function migrate(
  database: DatabaseSync,
  { applicationId, migrations }: OpenDatabaseOptions,
): void {
  if (readPragma(database, "user_version") >= migrations.length) return;
  database.exec("BEGIN IMMEDIATE");
  const version = readPragma(database, "user_version");
  for (const migration of migrations.slice(version)) database.exec(migration);
  if (version < migrations.length) {
    database.exec(`PRAGMA application_id = ${applicationId}`);
    database.exec(`PRAGMA user_version = ${migrations.length}`);
  }
  database.exec("COMMIT");
}

function isEmpty(database: DatabaseSync): boolean {
  const row = database
    .prepare("SELECT count(*) AS tables FROM sqlite_schema")
    .get();
  return row?.["tables"] === 0;
}

/** A pragma that answers one number. */
export function readPragma(database: DatabaseSync, name: string): number {
  return Number(database.prepare(`PRAGMA ${name}`).get()?.[name] ?? 0);
}
