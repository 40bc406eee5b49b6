import type { DatabaseSync } from "node:sqlite";
import type { CommitLoop } from "../../../shared/storage/commit-loop.ts";

/** When a timer ran last and runs next, in milliseconds since the epoch. */
export interface TimerStatus {
  readonly schedule: string;
  readonly last: number;
  readonly next: number;
  readonly lastUpdated: number;
}

export interface TimerStore {
  read(functionName: string): TimerStatus | undefined;
  write(functionName: string, status: TimerStatus): void;
}

/** Keeps timer status beside the task hub, so that a restart sees what was missed. */
export function createTimerStore(
  database: DatabaseSync,
  loop: CommitLoop,
): TimerStore {
  database.exec(`CREATE TABLE IF NOT EXISTS host_timers (
    function_name TEXT PRIMARY KEY, schedule TEXT NOT NULL, last INTEGER NOT NULL,
    next INTEGER NOT NULL, last_updated INTEGER NOT NULL) STRICT`);
  const select = database.prepare(
    "SELECT schedule, last, next, last_updated AS lastUpdated FROM host_timers WHERE function_name = ?",
  );
  const upsert = database.prepare(
    "INSERT OR REPLACE INTO host_timers (function_name, schedule, last, next, last_updated) VALUES (?, ?, ?, ?, ?)",
  );
  return {
    read: (functionName) => select.get(functionName) as TimerStatus | undefined,
    write: (functionName, { schedule, last, next, lastUpdated }) =>
      loop.write(() => {
        upsert.run(functionName, schedule, last, next, lastUpdated);
      }),
  };
}
