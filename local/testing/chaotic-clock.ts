import type { Clock } from "../durable/clock.ts";
import type { Chaos } from "./chaos.ts";

/** A host's view of the clock. */
export interface ChaoticClock extends Clock {
  /** The host is killed: none of its timers fires any more. */
  die(): void;
}

/** Lets timers fire late or twice, as chaos says. */
export function createChaoticClock(clock: Clock, chaos: Chaos): ChaoticClock {
  let isDead = false;
  return {
    now: () => clock.now(),
    setTimer(atMs, fire) {
      const { lateByMs, isDouble } = chaos.nextTimer();
      return clock.setTimer(atMs + lateByMs, () => {
        if (isDead) return;
        fire();
        if (isDouble) fire();
      });
    },
    die() {
      isDead = true;
    },
  };
}
