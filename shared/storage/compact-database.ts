import {
  closeSync,
  existsSync,
  fsyncSync,
  openSync,
  renameSync,
  rmSync,
} from "node:fs";
import { dirname } from "node:path";
import { DatabaseRefused } from "./database-refused.ts";
import { openDatabase, type OpenDatabaseOptions } from "./open-database.ts";
import { describeSqliteFailure } from "./sqlite-failure.ts";

/**
 * Writes a database anew, without free pages and in order, beside itself, and puts it in its own place: at any instant
 * the file is the old one or the new one. The caller sees to it that nobody else has it open.
 *
 * @throws DatabaseRefused when it cannot be opened, is damaged, or does not fit on the disk twice; it is left as it is.
 */
export function compactDatabase(options: OpenDatabaseOptions): void {
  const { file } = options;
  const compacted = `${file}.compacting`;
  const database = openDatabase(options);
  try {
    rmSync(compacted, { force: true });
    if (options.canShrink === true)
      database.exec("PRAGMA auto_vacuum = INCREMENTAL");
    database.prepare("VACUUM INTO ?").run(compacted);
  } catch (error) {
    rmSync(compacted, { force: true });
    throw new DatabaseRefused(describeSqliteFailure(file, error));
  } finally {
    database.close();
  }
  // Whoever closes a database last writes its WAL back and removes it; a WAL would be taken for the new file's.
  if (existsSync(`${file}-wal`)) {
    rmSync(compacted);
    throw new DatabaseRefused(
      `${file} is in use by another program. End that program.`,
    );
  }
  sync(compacted);
  renameSync(compacted, file);
  sync(dirname(file));
}

function sync(path: string): void {
  const descriptor = openSync(path, "r");
  try {
    fsyncSync(descriptor);
  } finally {
    closeSync(descriptor);
  }
}
