import type { DatabaseSync } from "node:sqlite";
import { isBusyError } from "./sqlite-failure.ts";
import { untilFree } from "./until-free.ts";

/**
 * Group commit over a SQLite file that several processes write: all writes of one event-loop turn share one transaction.
 *
 * G1. A turn's operations run together, from BEGIN to COMMIT without giving the event loop back: another process waits
 *     for their statements and one sync, never for anything else that this process does.
 * G2. While another process writes, the turn is tried again a little later; reads and the rest of the process go on.
 * G3. A write's promise resolves after the COMMIT. A commit that fails undoes the turn and rejects all its promises.
 */
export interface GroupWriter {
  /** Runs `operation` in the next transaction. It must check before it writes: a throw after a write is a bug. */
  write<T>(operation: () => T): Promise<T>;
  /** Commits what is pending now; waits for another process's transaction inside SQLite (shutdown). */
  flush(): void;
}

interface Pending {
  /** Runs the operation; the returned function tells the caller of the result once it is committed. */
  readonly run: () => () => void;
  readonly lose: (error: unknown) => void;
}

/** As long as a request may be kept waiting. */
const defaultWaitAtMostMs = 5000;

/** Creates the writer of an open database, whose busy timeout goes on to hold for all else that is done with it. */
export function createGroupWriter(
  database: DatabaseSync,
  waitAtMostMs = defaultWaitAtMostMs,
): GroupWriter {
  const tryBegin = createTryBegin(database);
  let pending: Pending[] = [];
  let isDue = false;

  const commit = (): void => {
    const turn = pending;
    pending = [];
    try {
      const tells = turn.flatMap((each) => runOne(database, each));
      database.exec("COMMIT");
      for (const tell of tells) tell();
    } catch (error) {
      if (database.isTransaction) database.exec("ROLLBACK");
      for (const { lose } of turn) lose(error);
    }
  };

  const lose = (error: unknown): void => {
    const turn = pending;
    pending = [];
    for (const each of turn) each.lose(error);
  };

  const commitSoon = async (): Promise<void> => {
    let refusal: unknown;
    try {
      const isDone = await untilFree({
        waitAtMostMs,
        attempt() {
          // A flush has taken what was there.
          if (pending.length === 0) return true;
          refusal = tryBegin(0);
          if (refusal !== undefined) return false;
          commit();
          return true;
        },
      });
      if (!isDone) lose(refusal);
    } catch (error) {
      lose(error);
    }
    isDue = false;
    if (pending.length > 0) schedule();
  };

  const schedule = (): void => {
    if (isDue) return;
    isDue = true;
    setImmediate(() => void commitSoon());
  };

  return {
    write: (operation) =>
      new Promise((resolve, reject) => {
        pending.push({
          run() {
            const result = operation();
            return () => resolve(result);
          },
          lose: reject,
        });
        schedule();
      }),
    flush() {
      if (pending.length === 0) return;
      const refusal = tryBegin(waitAtMostMs);
      if (refusal === undefined) commit();
      else lose(refusal);
    },
  };
}

/** An operation that throws is its own caller's failure, unless it took the whole transaction with it (a full disk). */
function runOne(
  database: DatabaseSync,
  { run, lose }: Pending,
): readonly (() => void)[] {
  try {
    return [run()];
  } catch (error) {
    if (!database.isTransaction) throw error;
    lose(error);
    return [];
  }
}

/** Begins a transaction, or answers why not when another process has the write lock for longer than `withinMs`. */
function createTryBegin(database: DatabaseSync): (withinMs: number) => unknown {
  const timeoutMs = Number(
    database.prepare("PRAGMA busy_timeout").get()?.["timeout"],
  );
  return (withinMs) => {
    try {
      database.exec(`PRAGMA busy_timeout = ${withinMs}; BEGIN IMMEDIATE`);
      return undefined;
    } catch (error) {
      if (isBusyError(error)) return error;
      throw error;
    } finally {
      database.exec(`PRAGMA busy_timeout = ${timeoutMs}`);
    }
  };
}
