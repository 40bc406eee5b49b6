/** SQLite's primary result codes that say something of the file, the disk or the process, and nothing of a statement. */
const code = {
  busy: 5,
  noMemory: 7,
  readOnly: 8,
  inputOutput: 10,
  corrupt: 11,
  full: 13,
  cannotOpen: 14,
  notADatabase: 26,
} as const;

/** What an operation failed with that no later one can be expected to get past: the disk may be behind memory. */
const fatalCodes: ReadonlySet<number | undefined> = new Set([
  code.noMemory,
  code.readOnly,
  code.inputOutput,
  code.corrupt,
  code.full,
  code.cannotOpen,
  code.notADatabase,
]);

/** Whether the database itself failed (damaged, full, unreadable), not just one statement. */
export function isFatalSqliteError(error: unknown): boolean {
  return fatalCodes.has(primaryCodeOf(error));
}

/** Whether another process has what the operation needs; it may be tried again. */
export function isBusyError(error: unknown): boolean {
  return primaryCodeOf(error) === code.busy;
}

/**
 * One line on a failed database: what, where, and what to do. It holds SQLite's own short reason, which is never a row's
 * data.
 */
export function describeSqliteFailure(file: string, error: unknown): string {
  const reason = error instanceof Error ? error.message : "unknown error";
  const [problem, advice] = explain(primaryCodeOf(error));
  return `${file} ${problem} (${reason}). ${advice}`;
}

function explain(
  primaryCode: number | undefined,
): readonly [problem: string, advice: string] {
  switch (primaryCode) {
    case code.corrupt:
    case code.notADatabase:
      return [
        "is damaged",
        "Restore it from a backup, or move it away together with its -wal file to begin with an empty one.",
      ];
    case code.full:
      return [
        "cannot grow, the disk is full",
        "Free space and start again: what was acknowledged is kept.",
      ];
    case code.inputOutput:
      return [
        "cannot be read or written",
        "Look at the disk and the system's log, and start again.",
      ];
    case code.readOnly:
    case code.cannotOpen:
      return [
        "cannot be opened for writing",
        "This user needs the right to read and write it and its folder.",
      ];
    case code.busy:
      return ["is in use by another program", "End that program."];
    default:
      return [
        "cannot be used as a database",
        "Restore it from a backup or move it away.",
      ];
  }
}

function primaryCodeOf(error: unknown): number | undefined {
  return error instanceof Error &&
    "errcode" in error &&
    typeof error.errcode === "number"
    ? error.errcode & 0xff
    : undefined;
}
