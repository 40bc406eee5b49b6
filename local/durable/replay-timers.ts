import type { DecisionLedger } from "./decision-ledger.ts";
import { createReplayTask, type ReplayTask } from "./replay-task.ts";

/** A timer that is due later than this is made of several shorter ones. */
const MAXIMUM_SHORT_TIMER_MS = 6 * 24 * 60 * 60_000;
/** The length of such a shorter one. */
const LONG_RUNNING_TIMER_INTERVAL_MS = 3 * 24 * 60 * 60_000;

/**
 * Creates durable timers as the extension does: long ones in pieces, each with an id of its own. A cancelled timer is
 * still scheduled, but nobody waits for it and it does not keep the instance running.
 */
export function createReplayTimers(
  ledger: Pick<DecisionLedger, "decide">,
  now: () => number,
): (fireAt: number, isCancelled: boolean) => ReplayTask {
  return (fireAt, isCancelled) => {
    const result = createReplayTask();
    const arm = (): void => {
      const pieceAt = nextPiece(fireAt, now());
      const piece = ledger.decide(
        (id) => ({ kind: "timer", id, fireAt: pieceAt }),
        isCancelled,
      );
      piece.whenSettled(() => {
        if (isCancelled) result.settle("failed");
        else if (now() < fireAt) arm();
        else result.settle("completed");
      });
    };
    arm();
    return result;
  };
}

function nextPiece(fireAt: number, now: number): number {
  return fireAt - now > MAXIMUM_SHORT_TIMER_MS
    ? now + LONG_RUNNING_TIMER_INTERVAL_MS
    : fireAt;
}
