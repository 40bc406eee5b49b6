import { createTimerQueue } from "./timer-queue.ts";

/** Time as the durable engine sees it; a virtual clock drives tests. */
export interface Clock {
  /** Milliseconds since the Unix epoch. */
  now(): number;
  /** Runs `fire` once, asynchronously, when `now() >= atMs`; the returned function cancels it. */
  setTimer(atMs: number, fire: () => void): () => void;
}

/** Node's timers take 31 bits of milliseconds; a longer wait is armed in pieces. It also bounds a wall-clock jump. */
const LONGEST_ARMED_MS = 60 * 60_000;

/** The machine's clock: one armed Node timer over a heap. Pending timers do not keep the process alive. */
export function createSystemClock(): Clock {
  const queue = createTimerQueue();
  let armed: NodeJS.Timeout | undefined;
  let armedFor = Infinity;

  const arm = (): void => {
    const next = queue.nextAt();
    if (next === undefined || next >= armedFor) return;
    clearTimeout(armed);
    armedFor = next;
    const delayMs = Math.min(Math.max(next - Date.now(), 0), LONGEST_ARMED_MS);
    armed = setTimeout(() => {
      armedFor = Infinity;
      // Node may wake a millisecond early: what is not due stays queued and is armed again.
      for (const fire of queue.takeDue(Date.now())) fire();
      arm();
    }, delayMs);
    armed.unref();
  };

  return {
    now: () => Date.now(),
    setTimer(atMs, fire) {
      const cancel = queue.add(atMs, fire);
      arm();
      return cancel;
    },
  };
}

export interface VirtualClock extends Clock {
  /** When the next timer is due, if one is set. */
  nextAt(): number | undefined;
  /** Moves time forward to `atMs` (never back) and fires what is due by then, in order of due time. */
  advanceTo(atMs: number): void;
}

/** A clock that stands still until it is told to move. */
export function createVirtualClock(startMs: number): VirtualClock {
  const queue = createTimerQueue();
  let now = startMs;
  return {
    now: () => now,
    setTimer: (atMs, fire) => queue.add(atMs, fire),
    nextAt: () => queue.nextAt(),
    advanceTo(atMs) {
      now = Math.max(now, atMs);
      for (const fire of queue.takeDue(now)) fire();
    },
  };
}
