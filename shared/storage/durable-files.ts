import { open, type FileHandle } from "node:fs/promises";
import { NucleusError } from "../kernel/errors.ts";

/** A file system error as an outage (its message, which holds paths, is dropped), but for the codes in `expected`. */
export async function onDisk<T>(
  operation: Promise<T>,
  expected: readonly string[] = [],
): Promise<T> {
  try {
    return await operation;
  } catch (error) {
    if (expected.includes(codeOf(error))) throw error;
    throw new NucleusError("store_unavailable");
  }
}

/** The system's code of an error, such as `ENOENT`; empty when it has none. */
export function codeOf(error: unknown): string {
  return error instanceof Error && "code" in error ? String(error.code) : "";
}

/** Makes the names in a folder durable: a rename or link is on disk only after its folder is. */
export async function syncFolder(folder: string): Promise<void> {
  const handle = await open(folder, "r");
  try {
    await handle.sync();
  } finally {
    await handle.close();
  }
}

/** Writes a new file that only this user may read, durably; `write` fills it. A failure leaves a part of it behind. */
export async function writePrivateFile(
  file: string,
  write: (handle: FileHandle) => Promise<void>,
): Promise<void> {
  const handle = await onDisk(open(file, "wx", 0o600));
  try {
    await write(handle);
    await onDisk(handle.sync());
  } finally {
    await handle.close();
  }
}
