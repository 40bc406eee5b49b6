import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import {
  createIndexedHeap,
  type HeapNode,
} from "../../../local/service-bus/indexed-heap.ts";
import { createTimers } from "../../../local/service-bus/timers.ts";
import { createVirtualClock } from "./virtual-clock.ts";

describe("an indexed heap", () => {
  it("gives its items in order, whatever was taken out of it before", () => {
    fc.assert(
      fc.property(
        fc.array(fc.integer(), { maxLength: 100 }),
        fc.array(fc.nat(99)),
        (values, removals) => {
          interface Item extends HeapNode {
            readonly value: number;
          }
          const heap = createIndexedHeap<Item>((a, b) => a.value < b.value);
          const items = values.map((v) => ({ value: v, heapIndex: -1 }));
          for (const item of items) heap.push(item);
          const kept = new Set(items);
          for (const index of removals) {
            const item = items[index];
            if (item === undefined) continue;
            heap.remove(item);
            kept.delete(item);
          }
          const left: number[] = [];
          for (let top = heap.peek(); top; top = heap.peek()) {
            left.push(top.value);
            heap.remove(top);
          }
          expect(left).toEqual(
            [...kept].map((item) => item.value).toSorted((a, b) => a - b),
          );
        },
      ),
      { seed: 3 },
    );
  });
});

describe("timers", () => {
  it("fire in order at their time, unless cancelled", () => {
    const clock = createVirtualClock(0);
    const fired: number[] = [];
    const timers = createTimers(clock, (step) => step());
    for (const at of [30, 10, 20, 40]) {
      timers.set(at, () => fired.push(at));
    }
    timers.cancel(timers.set(15, () => fired.push(15)));
    clock.advance(9);
    expect(fired).toEqual([]);
    clock.advance(21);
    expect(fired).toEqual([10, 20, 30]);
    clock.advance(100);
    expect(fired).toEqual([10, 20, 30, 40]);
  });

  it("one set while others fire, for now, fires in the same step", () => {
    const clock = createVirtualClock(0);
    const fired: string[] = [];
    const timers = createTimers(clock, (step) => {
      fired.push("step");
      step();
    });
    timers.set(5, () => timers.set(5, () => fired.push("second")));
    clock.advance(5);
    expect(fired).toEqual(["step", "second"]);
  });
});
