import { describe, expect, test } from "vitest";
import {
  percentile,
  toRange,
  toRatio,
} from "../../../bench/engine/statistics.ts";

describe("percentile", () => {
  test("the median of an odd number of samples is the middle one, in whatever order they come", () => {
    expect(percentile([9, 1, 5], 0.5)).toBe(5);
  });

  test("the median of an even number of samples lies between the middle two", () => {
    expect(percentile([4, 1, 3, 2], 0.5)).toBe(2.5);
  });

  test("p99 of a hundred samples lies between the highest two", () => {
    const samples = Array.from({ length: 100 }, (_, index) => index + 1);
    expect(percentile(samples, 0.99)).toBeCloseTo(99.01);
  });

  test("nothing has no percentile", () => {
    expect(() => percentile([], 0.5)).toThrow(RangeError);
  });
});

test("a range is the median with the lowest and the highest", () => {
  expect(toRange([3, 1, 8])).toEqual({ median: 3, min: 1, max: 8 });
});

describe("toRatio", () => {
  test("throughput: ours against the highest peer", () => {
    expect(toRatio("workflows/s", 300, [100, 150])).toBe(2);
  });

  test("latency: the lowest peer against ours, so that above 1 is better too", () => {
    expect(toRatio("ms", 2, [6, 4])).toBe(2);
  });

  test("without peers there is no ratio", () => {
    expect(toRatio("ms", 2, [])).toBeUndefined();
  });
});
