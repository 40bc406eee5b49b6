import { DatabaseSync } from "node:sqlite";

/** Smaller values hold no marker and no eight words. */
const minimumBytes = 6;

/**
 * Yields each text and blob of a SQLite file, row by row and column by column, as a reader of the database sees them:
 * whole, although the file may hold them in pieces, and with what is only in the write-ahead log.
 */
export function* readDatabaseValues(file: string): Generator<Uint8Array> {
  const database = new DatabaseSync(file, { readOnly: true, timeout: 5000 });
  try {
    const tables = database
      .prepare(
        "SELECT name FROM sqlite_schema WHERE type = 'table' AND rootpage > 0",
      )
      .all();
    for (const table of tables) {
      const name = String(table["name"]).replaceAll('"', '""');
      const rows = database.prepare(`SELECT * FROM "${name}"`);
      rows.setReadBigInts(true);
      for (const row of rows.iterate())
        for (const value of Object.values(row)) {
          const bytes = typeof value === "string" ? Buffer.from(value) : value;
          if (bytes instanceof Uint8Array && bytes.length >= minimumBytes)
            yield bytes;
        }
    }
  } finally {
    database.close();
  }
}
