import { readFile } from "node:fs/promises";

export interface Memory {
  readonly residentBytes: number;
  /** The most that was ever resident. */
  readonly peakBytes: number;
}

/** A process's memory where the system tells (Linux), else undefined. */
export async function readMemory(
  pid: number | undefined,
): Promise<Memory | undefined> {
  if (pid === undefined) return undefined;
  let status: string;
  try {
    status = await readFile(`/proc/${pid}/status`, "latin1");
  } catch {
    return undefined;
  }
  const kibibytes = (field: RegExp): number =>
    Number(field.exec(status)?.[1] ?? 0);
  return {
    residentBytes: kibibytes(/^VmRSS:\s+(\d+) kB$/m) * 1024,
    peakBytes: kibibytes(/^VmHWM:\s+(\d+) kB$/m) * 1024,
  };
}
