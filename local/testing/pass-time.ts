import { setTimeout as sleep } from "node:timers/promises";
import type { VirtualClock } from "../durable/clock.ts";

/** How often the machine's time is looked at. */
const realPauseMs = 10;

export interface Time {
  advanceTo(atMs: number): Promise<void>;
  /** Passes timer after timer until it is so, until then, or until no timer is left. */
  passUntil(isSo: () => boolean, atMs: number): Promise<void>;
}

/** Moves the clock, settling at every timer; the machine's own time is only waited for. */
export function createTime(
  clock: VirtualClock | undefined,
  settleHost: () => Promise<void>,
): Time {
  const passUntil = async (
    isSo: () => boolean,
    atMs: number,
  ): Promise<void> => {
    for (;;) {
      await settleHost();
      if (isSo()) return;
      if (clock === undefined) {
        if (Date.now() >= atMs) return;
        await sleep(realPauseMs);
        continue;
      }
      const next = clock.nextAt();
      if (next === undefined || next > atMs) return;
      clock.advanceTo(next);
    }
  };
  return {
    passUntil,
    async advanceTo(atMs) {
      if (clock === undefined)
        throw new Error(
          "The machine's time cannot be moved: use virtual time.",
        );
      await passUntil(() => false, atMs);
      clock.advanceTo(atMs);
      await settleHost();
    },
  };
}
