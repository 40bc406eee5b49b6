import * as fc from "fast-check";
import type { Step } from "./crash-program.ts";

const value = fc.nat(20);

/** Steps of every kind but those that wait for somebody outside. */
export function leafSteps(longestSleepMs: number): fc.Arbitrary<Step> {
  return fc.oneof(
    fc.record({ kind: fc.constant("activity" as const), value }),
    fc.record({ kind: fc.constant("flaky" as const), failures: fc.nat(3) }),
    fc.record({
      kind: fc.constant("sleep" as const),
      ms: fc.integer({ min: 1, max: longestSleepMs }),
    }),
    fc.record({
      kind: fc.constant("all" as const),
      values: fc.array(value, { minLength: 1, maxLength: 4 }),
    }),
    fc.record({ kind: fc.constant("race" as const), value }),
    fc.record({
      kind: fc.constant("entity" as const),
      values: fc.array(value, { maxLength: 3 }),
    }),
    fc.record({ kind: fc.constant("lock" as const), value }),
  );
}

/** Also those that run other orchestrations. */
export function steps(longestSleepMs: number): fc.Arbitrary<Step> {
  const leaf = leafSteps(longestSleepMs);
  return fc.oneof(
    { weight: 4, arbitrary: leaf },
    {
      weight: 1,
      arbitrary: fc.record({
        kind: fc.constant("child" as const),
        steps: fc.array(leaf, { maxLength: 3 }),
      }),
    },
  );
}
