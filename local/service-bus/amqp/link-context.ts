import type { CommitLoop } from "../../../shared/storage/commit-loop.ts";
import type { Timers } from "../timers.ts";

export type Log = (level: "info" | "warn" | "error", message: string) => void;

/** What every link of the endpoint works with. */
export interface LinkContext {
  /** Runs changes inside this turn's transaction. */
  readonly transact: <T>(operation: () => T) => T;
  readonly afterCommit: CommitLoop["afterCommit"];
  readonly timers: Timers;
  readonly now: () => number;
  readonly log: Log;
}

/**
 * The condition or the class of an error: what may be logged. Its message may quote content, and so may what a client
 * calls a condition.
 */
export function describeError(error: unknown): string {
  if (typeof error !== "object" || error === null) return "unknown";
  const names = [
    "condition" in error ? error.condition : undefined,
    "code" in error ? error.code : undefined,
    error instanceof Error ? error.name : undefined,
  ];
  return names.find(isIdentifier) ?? "unknown";
}

function isIdentifier(value: unknown): value is string {
  return typeof value === "string" && /^[\w.:-]{1,64}$/u.test(value);
}
