import { assertTimerDate } from "./assert-timer-date.ts";
import type { DecisionLedger } from "./decision-ledger.ts";
import { createReplayTask, type ReplayTask } from "./replay-task.ts";

/** A timer that is due later than this is made of several shorter ones, of which none is longer than an interval. */
const MAXIMUM_SHORT_TIMER_MS = 6 * 24 * 60 * 60_000;
/** The length of all but the last of them. */
const LONG_RUNNING_TIMER_INTERVAL_MS = 3 * 24 * 60 * 60_000;

/**
 * Creates durable timers as the extension does: long ones in pieces, each with an id of its own. A cancelled timer is
 * still scheduled, but nobody waits for it and it does not keep the instance running.
 *
 * @throws OrchestrationFault (each timer) for no valid date
 */
export function createReplayTimers(
  ledger: Pick<DecisionLedger, "decide">,
  now: () => number,
): (fireAt: number, isCancelled: boolean) => ReplayTask {
  return (fireAt, isCancelled) => {
    assertTimerDate(fireAt);
    const result = createReplayTask();
    const arm = (longest: number): void => {
      const pieceAt = nextPiece(fireAt, now(), longest);
      const piece = ledger.decide(
        (id) => ({ kind: "timer", id, fireAt: pieceAt }),
        isCancelled,
      );
      piece.whenSettled(() => {
        if (isCancelled) result.settle("failed");
        else if (now() < fireAt) arm(LONG_RUNNING_TIMER_INTERVAL_MS);
        else result.settle("completed");
      });
    };
    arm(MAXIMUM_SHORT_TIMER_MS);
    return result;
  };
}

/** The end of a piece; `longest` is how much may be left for the last one. */
function nextPiece(fireAt: number, now: number, longest: number): number {
  return fireAt - now > longest ? now + LONG_RUNNING_TIMER_INTERVAL_MS : fireAt;
}
