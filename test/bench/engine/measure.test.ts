import { expect, test } from "vitest";
import type { Engine } from "../../../bench/engine/engine.ts";
import { measure } from "../../../bench/engine/measure.ts";
import { w1 } from "../../../bench/engine/workflows.ts";

const workload = {
  name: "W1",
  load: { shape: w1, clients: 1, until: { count: 2 } },
  warmUp: { shape: w1, clients: 1, until: { count: 1 } },
  metrics: [],
};

/** Engines that answer how often they have run, and the order in which they did. */
function createEngines(...names: readonly string[]) {
  const order: string[] = [];
  const engines = names.map((name): Engine => ({
    name,
    run: (load) => {
      order.push(load === workload.warmUp ? `${name} warms up` : name);
      return Promise.resolve({ totalMs: order.length, latenciesMs: [1, 1] });
    },
    // Each run takes ten milliseconds.
    cpuMs: () => 10 * order.length,
  }));
  return { engines, order };
}

/** Others take these shares of the machine, one after the other. */
function createOthers(shares: readonly number[]) {
  const left = [...shares];
  return () => () => left.shift() ?? 0;
}

test("engines are warmed up, then measured in turn", async () => {
  const { engines, order } = createEngines("ours", "peer");

  const repeats = await measure(engines, workload, {
    repeats: 2,
    tries: 3,
    watchOthers: createOthers([]),
    say: () => undefined,
  });

  expect(order).toEqual([
    "ours warms up",
    "peer warms up",
    "ours",
    "peer",
    "ours",
    "peer",
  ]);
  expect([...repeats.values()].map(({ length }) => length)).toEqual([2, 2]);
});

test("what an engine takes of the processors is shared among its workflows", async () => {
  const { engines } = createEngines("ours");

  const repeats = await measure(engines, workload, {
    repeats: 1,
    tries: 1,
    watchOthers: createOthers([]),
    say: () => undefined,
  });

  expect([...repeats.values()]).toMatchObject([[{ cpuMsPerWorkflow: 5 }]]);
});

test("a disturbed repeat is done again until it is clean", async () => {
  const { engines, order } = createEngines("ours");

  const repeats = await measure(engines, workload, {
    repeats: 1,
    tries: 3,
    watchOthers: createOthers([0.5, 0.02]),
    say: () => undefined,
  });

  expect(order).toHaveLength(3);
  expect([...repeats.values()]).toMatchObject([[{ otherLoad: 0.02 }]]);
});

test("the machine stays disturbed: the least disturbed try is taken", async () => {
  const { engines, order } = createEngines("ours");

  const repeats = await measure(engines, workload, {
    repeats: 1,
    tries: 3,
    watchOthers: createOthers([0.5, 0.3, 0.4]),
    say: () => undefined,
  });

  expect(order).toHaveLength(4);
  expect([...repeats.values()]).toMatchObject([
    [{ otherLoad: 0.3, result: { totalMs: 3 } }],
  ]);
});
