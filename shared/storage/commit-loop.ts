import type { DatabaseSync } from "node:sqlite";

/**
 * Group commit over one SQLite database: all writes of one event-loop turn share one transaction, and whatever the
 * outside world may see of them (a 202, a dispatched activity, a delivered message) waits for that transaction.
 *
 * C1. A write runs at once and sees the turn's earlier writes; its promise resolves only after the COMMIT.
 * C2. Effects run in the order in which they were asked for, after the COMMIT that holds their writes.
 * C3. A commit that fails is rolled back: nothing of the turn happened, its effects are dropped and its `committed()`
 *     promises reject. `onFailure` decides whether the process may go on; it must not when memory is ahead of the disk,
 *     for the disk is then the truth that a restart recovers from.
 * C4. A patient write is committed with the next one that is not, or after two milliseconds. It is for what is followed by
 *     another write at once, so that both cost one sync.
 */
export interface CommitLoop {
  /** Runs `operation` inside this turn's transaction. It must check before it writes: a throw after a write is a bug. */
  write<T>(operation: () => T, isPatient?: boolean): T;
  /** Runs `effect` once everything written so far in this turn is on disk (at once when nothing is pending). */
  afterCommit(effect: () => void): void;
  /** Resolves once everything written so far in this turn is on disk; rejects when that commit failed. */
  committed(): Promise<void>;
  /** Commits what is pending now, synchronously (start-up, shutdown). */
  flush(): void;
}

interface Waiter {
  readonly run: () => void;
  readonly lose?: (error: unknown) => void;
}

const longestPatienceMs = 2;

/** Creates the commit loop of an open database; `onFailure` hears of a commit that failed (C3). */
export function createCommitLoop(
  database: DatabaseSync,
  onFailure: (error: unknown) => void,
): CommitLoop {
  const begin = database.prepare("BEGIN IMMEDIATE");
  const commit = database.prepare("COMMIT");
  let open = false;
  let isDue = false;
  let patience: NodeJS.Timeout | undefined;
  let waiters: Waiter[] = [];

  const flush = (): void => {
    if (!open) return;
    open = false;
    isDue = false;
    clearTimeout(patience);
    patience = undefined;
    const due = waiters;
    waiters = [];
    try {
      commit.run();
    } catch (error) {
      if (database.isTransaction) database.exec("ROLLBACK");
      onFailure(error);
      for (const waiter of due) waiter.lose?.(error);
      return;
    }
    for (const waiter of due) waiter.run();
  };

  const write = <T>(operation: () => T, isPatient = false): T => {
    if (!open) begin.run();
    open = true;
    if (isPatient) patience ??= setTimeout(flush, longestPatienceMs);
    else if (!isDue) {
      isDue = true;
      setImmediate(flush);
    }
    return operation();
  };

  const wait = (waiter: Waiter): void => {
    if (open) waiters.push(waiter);
    else waiter.run();
  };

  return {
    write,
    afterCommit: (effect) => wait({ run: effect }),
    committed: () =>
      new Promise((resolve, reject) => wait({ run: resolve, lose: reject })),
    flush,
  };
}
