import type { DatabaseSync } from "node:sqlite";
import {
  createCommitLoop,
  type CommitLoop,
} from "../../shared/storage/commit-loop.ts";

/** Where in the write path a host dies. */
export type CommitDeath = "before-commit" | "after-commit";

/** A commit loop that ends as that of a killed process does, over a connection that outlives it. */
export interface MortalLoop extends CommitLoop {
  /** What is not committed never happened, and what waits for it is never told so. May be called again. */
  die(): void;
}

export interface MortalLoopOptions {
  readonly database: DatabaseSync;
  /** Asked with each commit: whether the host dies at it. */
  readonly nextDeath: () => CommitDeath | undefined;
  /** The loop has died at a commit. */
  readonly onDeath: () => void;
  /** Releases an effect of a commit; at once unless the disk is slow. */
  readonly release: (effect: () => void) => void;
}

/**
 * M1. A dead loop changes nothing: what is written through it is rolled back at once, beside whatever transaction its
 *     successor has open.
 * M2. Death before the commit loses its writes; death after it keeps them and loses their effects.
 */
export function createMortalLoop(options: MortalLoopOptions): MortalLoop {
  const { database, nextDeath, onDeath, release } = options;
  const inner = createCommitLoop(database, (error) => {
    if (!isDead) throw error;
  });
  let isDead = false;
  let isOpen = false;

  const die = (): void => {
    if (isDead) return;
    isDead = true;
    if (isOpen && database.isTransaction) database.exec("ROLLBACK");
    // There is nothing to commit any more: the loop drops its effects, and rejects who waits.
    inner.flush();
  };
  const dieAtCommit = (): void => {
    die();
    onDeath();
  };
  return {
    die,
    write(operation, isPatient) {
      if (isDead) return rolledBack(database, operation);
      if (isOpen) return inner.write(operation, isPatient);
      isOpen = true;
      const death = nextDeath();
      // Asked for before the loop asks for its own turn: it comes just before the commit.
      if (death === "before-commit") setImmediate(dieAtCommit);
      return inner.write(() => {
        inner.afterCommit(() => {
          isOpen = false;
          if (death === "after-commit") dieAtCommit();
        });
        return operation();
      }, isPatient);
    },
    afterCommit: (effect) =>
      inner.afterCommit(() => {
        if (!isDead) release(() => void (isDead || effect()));
      }),
    committed: () =>
      new Promise((resolve, reject) => {
        // A caller of a killed process is cut off; here it hears of it.
        const answer = (): void =>
          isDead ? reject(new Error("The host was killed.")) : release(resolve);
        if (isDead) answer();
        else inner.committed().then(answer, reject);
      }),
    flush: () => {
      if (!isDead) inner.flush();
    },
  };
}

function rolledBack<T>(database: DatabaseSync, operation: () => T): T {
  database.exec("SAVEPOINT nobody");
  try {
    return operation();
  } finally {
    database.exec("ROLLBACK TO nobody; RELEASE nobody");
  }
}
