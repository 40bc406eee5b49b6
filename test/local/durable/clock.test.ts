import * as fc from "fast-check";
import { expect, test, vi } from "vitest";

import {
  createSystemClock,
  createVirtualClock,
} from "../../../local/durable/clock.ts";
import { createTimerQueue } from "../../../local/durable/timer-queue.ts";

test("timers leave the queue in order of due time, whatever was cancelled", () => {
  fc.assert(
    fc.property(
      fc.array(fc.record({ at: fc.nat(1000), cancel: fc.boolean() }), {
        maxLength: 300,
      }),
      (timers) => {
        const queue = createTimerQueue();
        const fired: number[] = [];
        const cancels = timers.map(({ at }) =>
          queue.add(at, () => fired.push(at)),
        );
        timers.forEach(({ cancel }, index) => {
          if (cancel) cancels[index]?.();
        });
        for (const now of [0, 250, 500, 1000]) {
          for (const fire of queue.takeDue(now)) fire();
        }
        const expected = timers
          .filter(({ cancel }) => !cancel)
          .map(({ at }) => at)
          .toSorted((a, b) => a - b);
        expect(fired).toEqual(expected);
        expect(queue.nextAt()).toBeUndefined();
      },
    ),
  );
});

test("a virtual clock fires what is due and nothing else", () => {
  const clock = createVirtualClock(0);
  const fired: string[] = [];
  clock.setTimer(10, () => fired.push("ten"));
  clock.setTimer(20, () => fired.push("twenty"));
  clock.advanceTo(15);
  expect(fired).toEqual(["ten"]);
  expect(clock.nextAt()).toBe(20);
});

test("the system clock holds timers beyond 31 bits of milliseconds and fires none early", () => {
  vi.useFakeTimers({ now: 0 });
  try {
    const clock = createSystemClock();
    const fired: number[] = [];
    const day = 24 * 60 * 60_000;
    clock.setTimer(40 * day, () => fired.push(clock.now()));
    const cancel = clock.setTimer(day, () => fired.push(-1));
    clock.setTimer(2 * day, () => fired.push(clock.now()));
    cancel();
    vi.advanceTimersByTime(2 * day - 1);
    expect(fired).toEqual([]);
    vi.advanceTimersByTime(39 * day);
    expect(fired).toEqual([2 * day, 40 * day]);
  } finally {
    vi.useRealTimers();
  }
});
