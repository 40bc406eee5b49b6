import type { Clock } from "./clock.ts";
import { createIndexedHeap, type HeapNode } from "./indexed-heap.ts";

/** A pending alarm. */
export interface Timer extends HeapNode {
  readonly atMs: number;
  readonly fire: () => void;
}

/** Any number of alarms over one timer of the clock. */
export interface Timers {
  /** Calls `fire` when the clock reaches `atMs`. Alarms of one instant fire in no particular order. */
  set(atMs: number, fire: () => void): Timer;
  /** Forgets an alarm; one that has fired or was cancelled is left alone. */
  cancel(timer: Timer): void;
  /** Forgets all alarms. */
  clear(): void;
}

/** Creates the alarm heap. Those due at one time run in one call of `inOneStep` (one transaction). */
export function createTimers(
  clock: Clock,
  inOneStep: (operation: () => void) => void,
): Timers {
  const heap = createIndexedHeap<Timer>((a, b) => a.atMs < b.atMs);
  let armedAtMs = Infinity;
  let disarm = (): void => {};

  const arm = (): void => {
    const atMs = heap.peek()?.atMs ?? Infinity;
    if (atMs === armedAtMs) return;
    disarm();
    armedAtMs = atMs;
    disarm = atMs === Infinity ? () => {} : clock.setTimer(atMs, fireDue);
  };

  const fireDue = (): void => {
    armedAtMs = Infinity;
    disarm = () => {};
    inOneStep(() => {
      const now = clock.now();
      for (
        let next = heap.peek();
        next !== undefined && next.atMs <= now;
        next = heap.peek()
      ) {
        heap.remove(next);
        next.fire();
      }
    });
    arm();
  };

  return {
    set(atMs, fire) {
      const timer: Timer = { atMs, fire, heapIndex: -1 };
      heap.push(timer);
      if (atMs < armedAtMs) arm();
      return timer;
    },
    // The clock's timer stays: firing once for nothing is cheaper than arming it anew with every message.
    cancel: (timer) => heap.remove(timer),
    clear() {
      for (let next = heap.peek(); next !== undefined; next = heap.peek()) {
        heap.remove(next);
      }
      arm();
    },
  };
}
