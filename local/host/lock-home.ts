import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { HostStartError } from "./host-start-error.ts";

/**
 * Makes this process the only host of a home directory (created with mode 0700).
 *
 * The lock is SQLite's write lock on `host.lock`, which the operating system takes away when the process ends, however
 * it ends: there is no stale lock to judge and no race in taking one over. `host.pid` only tells people who holds it.
 *
 * @returns a function that gives the home back.
 * @throws HostStartError naming the process that holds it.
 */
export function lockHome(home: string): () => void {
  const pidFile = join(home, "host.pid");
  try {
    mkdirSync(home, { recursive: true, mode: 0o700 });
  } catch (error) {
    throw new HostStartError(
      `The home directory ${home} cannot be created (${(error as NodeJS.ErrnoException).code}). Choose another NUCLEUS_HOME.`,
    );
  }
  let lock: DatabaseSync | undefined;
  try {
    lock = new DatabaseSync(join(home, "host.lock"));
    lock.exec("PRAGMA journal_mode = MEMORY");
    lock.exec("BEGIN EXCLUSIVE");
    writeFileSync(pidFile, `${process.pid}\n`, { mode: 0o600 });
  } catch (error) {
    lock?.close();
    if (isLocked(error))
      throw new HostStartError(
        `The home directory ${home} is in use by process ${readPid(pidFile)}. Stop it, or choose another NUCLEUS_HOME.`,
      );
    throw new HostStartError(
      `The home directory ${home} cannot be locked. Is it writable, and on a local disk?`,
    );
  }
  const held = lock;
  return () => held.close();
}

const sqliteBusy = 5;

function isLocked(error: unknown): boolean {
  return (error as { errcode?: number }).errcode === sqliteBusy;
}

function readPid(file: string): string {
  try {
    return readFileSync(file, "utf8").trim() || "unknown";
  } catch {
    return "unknown";
  }
}
