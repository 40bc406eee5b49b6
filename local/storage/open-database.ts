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
}

/**
 * Opens a durable SQLite file: WAL, `synchronous=FULL` (survives power loss), migrated forward to the newest schema.
 *
 * @throws DatabaseRefused when the file is of another program, is damaged, or is newer than this program.
 */
export function openDatabase(options: OpenDatabaseOptions): DatabaseSync {
  const { file, applicationId, migrations } = options;
  const database = new DatabaseSync(file);
  try {
    const found = readPragma(database, "application_id");
    const version = readPragma(database, "user_version");
    const isEmpty =
      database.prepare("SELECT count(*) AS n FROM sqlite_schema").get()?.[
        "n"
      ] === 0;
    if (!isEmpty && found !== applicationId) {
      throw new DatabaseRefused(
        `${file} is not a Nucleus database of this kind. Choose another NUCLEUS_HOME or move the file away.`,
      );
    }
    if (version > migrations.length) {
      throw new DatabaseRefused(
        `${file} has schema version ${version}, this program knows up to ${migrations.length}. Run the newer program, or choose another NUCLEUS_HOME.`,
      );
    }
    database.exec("PRAGMA journal_mode = WAL");
    database.exec("PRAGMA synchronous = FULL");
    database.exec("PRAGMA busy_timeout = 5000");
    database.exec("PRAGMA foreign_keys = ON");
    if (version < migrations.length) {
      database.exec("BEGIN IMMEDIATE");
      for (const migration of migrations.slice(version))
        database.exec(migration);
      database.exec(`PRAGMA application_id = ${applicationId}`);
      database.exec(`PRAGMA user_version = ${migrations.length}`);
      database.exec("COMMIT");
    }
    return database;
  } catch (error) {
    database.close();
    if (error instanceof DatabaseRefused) throw error;
    throw new DatabaseRefused(
      `${file} cannot be opened as a database (${describeSqliteError(error)}). Restore it from a backup or move it away.`,
    );
  }
}

function readPragma(database: DatabaseSync, name: string): number {
  return Number(database.prepare(`PRAGMA ${name}`).get()?.[name] ?? 0);
}

/** SQLite's own short reason, such as "file is not a database"; it never holds row data. */
function describeSqliteError(error: unknown): string {
  return error instanceof Error ? error.message : "unknown error";
}
