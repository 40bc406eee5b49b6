import type { DatabaseSync } from "node:sqlite";

/**
 * Group commit over one SQLite database: all writes of one event-loop turn share one transaction, and whatever the
 * outside world may see of them (a 202, a dispatched activity, a delivered message) waits for that transaction.
 *
 * C1. A write runs at once and sees the turn's earlier writes; its promise resolves only after the COMMIT.
 * C2. Effects run in the order in which they were asked for, after the COMMIT that holds their writes.
 * C3. A commit that fails ends the process: memory is then ahead of the disk, and the disk is the truth that a
 *     restart recovers from.
 */
export interface CommitLoop {
  /** Runs `operation` inside this turn's transaction. It must check before it writes: a throw after a write is a bug. */
  write<T>(operation: () => T): T;
  /** Runs `effect` once everything written so far in this turn is on disk (at once when nothing is pending). */
  afterCommit(effect: () => void): void;
  /** Resolves once everything written so far in this turn is on disk. */
  committed(): Promise<void>;
  /** Commits what is pending now, synchronously (start-up, shutdown). */
  flush(): void;
}

/** Creates the commit loop of an open database; `onFatal` ends the process (C3). */
export function createCommitLoop(
  database: DatabaseSync,
  onFatal: (error: unknown) => void,
): CommitLoop {
  const begin = database.prepare("BEGIN IMMEDIATE");
  const commit = database.prepare("COMMIT");
  let open = false;
  let effects: (() => void)[] = [];

  const flush = (): void => {
    if (!open) return;
    try {
      commit.run();
    } catch (error) {
      onFatal(error);
      return;
    }
    open = false;
    const due = effects;
    effects = [];
    for (const effect of due) effect();
  };

  const write = <T>(operation: () => T): T => {
    if (!open) {
      begin.run();
      open = true;
      setImmediate(flush);
    }
    return operation();
  };

  const afterCommit = (effect: () => void): void => {
    if (open) effects.push(effect);
    else effect();
  };

  return {
    write,
    afterCommit,
    committed: () => new Promise((resolve) => afterCommit(resolve)),
    flush,
  };
}
