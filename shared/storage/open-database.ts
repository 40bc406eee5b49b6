import { DatabaseSync } from "node:sqlite";

/** The file is not this program's, or was written by another schema version. The message says what to do. */
export class DatabaseRefused extends Error {
  override readonly name = "DatabaseRefused";
}

export interface OpenDatabaseOptions {
  readonly file: string;
  /** What the file is, in SQLite's `application_id` (a 32-bit integer of our own). */
  readonly applicationId: number;
  /** `migrations[n]` brings schema version n to n + 1; the newest version is their number. */
  readonly migrations: readonly string[];
  /** How long an operation waits, blocking this process, for another process's transaction. Default 5 s. */
  readonly busyTimeoutMs?: number;
}

/**
 * Opens a durable SQLite file: WAL, `synchronous=FULL` (survives power loss), migrated forward to the newest schema.
 * Several processes may open the same file at the same time: one of them migrates.
 *
 * @throws DatabaseRefused when the file is of another program, is damaged, or is newer than this program.
 */
export function openDatabase(options: OpenDatabaseOptions): DatabaseSync {
  const { file, busyTimeoutMs = 5000 } = options;
  let database: DatabaseSync | undefined;
  try {
    database = new DatabaseSync(file, { timeout: busyTimeoutMs });
    assertOurs(database, options);
    database.exec("PRAGMA journal_mode = WAL");
    database.exec("PRAGMA synchronous = FULL");
    database.exec("PRAGMA foreign_keys = ON");
    migrate(database, options);
    return database;
  } catch (error) {
    database?.close();
    if (error instanceof DatabaseRefused) throw error;
    throw new DatabaseRefused(
      `${file} cannot be opened as a database (${describeSqliteError(error)}). Restore it from a backup or move it away.`,
    );
  }
}

function assertOurs(
  database: DatabaseSync,
  { file, applicationId, migrations }: OpenDatabaseOptions,
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

function readPragma(database: DatabaseSync, name: string): number {
  return Number(database.prepare(`PRAGMA ${name}`).get()?.[name] ?? 0);
}

/** SQLite's own short reason, such as "file is not a database"; it never holds row data. */
function describeSqliteError(error: unknown): string {
  return error instanceof Error ? error.message : "unknown error";
}
