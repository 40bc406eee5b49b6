import { setTimeout as sleep } from "node:timers/promises";

export interface UntilFreeOptions {
  /** Does the work at once and answers true, or answers false because another process has the file. */
  readonly attempt: () => boolean;
  readonly waitAtMostMs: number;
}

/** Waits are short and of uneven length, so that two processes that write without a pause both get their turn. */
const shortestWaitMs = 1;
const longestWaitMs = 4;

/**
 * Tries until another process has given a file free. Nothing waits inside SQLite, whose own waiting blocks the process
 * and grows longer the busier the other one is; meanwhile this process goes on with other things.
 *
 * Resolves with whether an attempt was the right one; rejects with what an attempt throws.
 */
export async function untilFree({
  attempt,
  waitAtMostMs,
}: UntilFreeOptions): Promise<boolean> {
  const startedAt = performance.now();
  while (!attempt()) {
    if (performance.now() - startedAt >= waitAtMostMs) return false;
    const spread = longestWaitMs - shortestWaitMs;
    await sleep(shortestWaitMs + Math.random() * spread);
  }
  return true;
}
