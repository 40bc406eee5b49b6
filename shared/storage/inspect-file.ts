import {
  accessSync,
  closeSync,
  constants,
  openSync,
  readSync,
  statSync,
  type Stats,
} from "node:fs";
import { dirname } from "node:path";
import { DatabaseRefused } from "./database-refused.ts";
import { codeOf } from "./durable-files.ts";

const magic = "SQLite format 3\0";

/**
 * Looks at a database file without SQLite, which would answer with codes, or take an empty file for a new one.
 *
 * @throws DatabaseRefused for what cannot be a database that this process may use.
 */
export function assertUsableFile(file: string): void {
  // Before the file: a file that has a WAL is never empty, also while another process is just making both.
  const walBytes = statOf(`${file}-wal`)?.size ?? 0;
  const stats = statOf(file);
  if (stats === undefined) return;
  if (!stats.isFile())
    throw new DatabaseRefused(
      `${file} is not a file, and a database is expected there. Move it away, or choose another NUCLEUS_HOME.`,
    );
  assertAllowed(file, constants.R_OK | constants.W_OK);
  assertAllowed(dirname(file), constants.W_OK);
  if (stats.size === 0 && walBytes > 0)
    throw new DatabaseRefused(
      `${file} is empty, and its -wal file is not: it was cut off. Restore both from a backup, or move both away.`,
    );
  if (stats.size > 0 && readStart(file) !== magic)
    throw new DatabaseRefused(
      `${file} is not a database, or its beginning is damaged. Restore it from a backup, or move it away together with its -wal file.`,
    );
}

function statOf(file: string): Stats | undefined {
  try {
    return statSync(file);
  } catch (error) {
    if (codeOf(error) === "ENOENT") return undefined;
    throw toRefusal(file, error);
  }
}

function assertAllowed(path: string, mode: number): void {
  try {
    accessSync(path, mode);
  } catch (error) {
    throw toRefusal(path, error);
  }
}

function readStart(file: string): string {
  const start = Buffer.alloc(magic.length);
  const descriptor = openSync(file, "r");
  try {
    readSync(descriptor, start);
    return start.toString("latin1");
  } finally {
    closeSync(descriptor);
  }
}

function toRefusal(path: string, error: unknown): DatabaseRefused {
  return new DatabaseRefused(
    `${path} cannot be read and written by this user (${codeOf(error)}). Give it the right, or choose another NUCLEUS_HOME.`,
  );
}
