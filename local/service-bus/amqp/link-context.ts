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

/** The condition or the class of an error: what may be logged. Its message may quote content. */
export function describeError(error: unknown): string {
  if (typeof error !== "object" || error === null) return "unknown";
  if ("condition" in error && typeof error.condition === "string") {
    return error.condition;
  }
  if ("code" in error && typeof error.code === "string") return error.code;
  return error instanceof Error ? error.name : "unknown";
}
