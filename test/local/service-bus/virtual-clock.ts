import type { Clock } from "../../../local/service-bus/clock.ts";

export interface VirtualClock extends Clock {
  /** Moves the time forward, firing every timer on the way at its own instant. */
  advance(ms: number): void;
}

/** A clock that stands still until a test moves it. */
export function createVirtualClock(startMs = Date.now()): VirtualClock {
  let nowMs = startMs;
  const timers = new Set<{
    readonly atMs: number;
    readonly fire: () => void;
  }>();

  const nextDue = (untilMs: number) =>
    [...timers]
      .filter((timer) => timer.atMs <= untilMs)
      .toSorted((a, b) => a.atMs - b.atMs)[0];

  return {
    now: () => nowMs,
    setTimer(atMs, fire) {
      const timer = { atMs, fire };
      timers.add(timer);
      return () => void timers.delete(timer);
    },
    advance(ms) {
      const untilMs = nowMs + ms;
      for (let due = nextDue(untilMs); due; due = nextDue(untilMs)) {
        timers.delete(due);
        nowMs = Math.max(nowMs, due.atMs);
        due.fire();
      }
      nowMs = untilMs;
    },
  };
}
