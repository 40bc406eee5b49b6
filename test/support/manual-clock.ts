import type { Now } from "../../shared/kernel/clock.ts";

/** A clock that stands still until the test moves it. */
export function createManualClock(startMs = 1_800_000_000_000): {
  readonly now: Now;
  advance(ms: number): void;
} {
  let at = startMs;
  return {
    now: () => at,
    advance(ms) {
      at += ms;
    },
  };
}
