import { expect, test } from "vitest";
import {
  defineTestApp,
  startTestHost,
  underChaos,
  type ChaosPlan,
} from "../../../local/testing/index.ts";
import * as df from "durable-functions";

let runs = 0;
let shared = 0;
const app = defineTestApp(() => {
  df.app.activity("count", { handler: () => ++runs });
  df.app.activity("echo", { handler: (value: number) => value });
  df.app.orchestration("single", function* (context) {
    return yield context.df.callActivity("count");
  });
  df.app.orchestration("fanOut", function* (context) {
    const tasks = Array.from({ length: 8 }, (_, index) =>
      context.df.callActivity("echo", index),
    );
    const values = (yield context.df.Task.all(tasks)) as number[];
    yield context.df.createTimer(
      new Date(context.df.currentUtcDateTime.getTime() + 60_000),
    );
    const last = (yield context.df.callActivity("echo", 100)) as number;
    return values.reduce((sum, value) => sum + value, last);
  });
  df.app.orchestration("careless", function* (context) {
    const name = shared++ % 2 === 0 ? "echo" : "count";
    return yield context.df.callActivity(name, 1);
  });
  df.app.orchestration("patient", function* (context) {
    const work = context.df.callActivity("echo", 1);
    const deadline = context.df.createTimer(
      new Date(context.df.currentUtcDateTime.getTime() + 1000),
    );
    const first = yield context.df.Task.any([work, deadline]);
    if (first === work) deadline.cancel();
    return first === work ? "in time" : "late";
  });
});

const everything: ChaosPlan = {
  lostCalls: 0.1,
  lostResults: 0.1,
  lateResults: { probability: 0.3, byMs: 30_000 },
  lateTimers: { probability: 0.5, byMs: 30_000 },
  doubleTimers: 0.5,
  commitLatencyMs: 20,
  hostDeaths: 0.1,
};

test("whatever goes wrong, the outputs are the same", async () => {
  await underChaos([1, 2, 3, 4, 5, 6, 7, 8], async (seed) => {
    await using host = await startTestHost({
      app,
      chaos: { seed, ...everything },
    });
    const ids = await Promise.all(
      ["a", "b", "c"].map((instanceId) =>
        host.client.start("fanOut", undefined, { instanceId }),
      ),
    );
    for (const id of ids)
      expect((await host.waitFor(id)).output).toBe(28 + 100);
    const faults = new Set(host.chaos.events.map(({ fault }) => fault));
    expect(faults.size, host.chaos.report()).toBeGreaterThan(3);
  });
});

test.each<[string, ChaosPlan]>([
  ["lost invocations", { lostCalls: 0.2, lostResults: 0.2 }],
  [
    "a host that dies, on a slow disk",
    { hostDeaths: 0.5, commitLatencyMs: 10 },
  ],
])("the same seed brings the same: %s", async (_, plan) => {
  const run = async (seed: number): Promise<string> => {
    await using host = await startTestHost({ app, chaos: { seed, ...plan } });
    await host.waitFor(await host.client.start("fanOut"));
    return `${host.chaos.report()} until ${host.now().toISOString()}`;
  };
  const first = await run(5);
  expect(first).toMatch(/^chaos seed 5, [1-9]\d* faults: /);
  for (let again = 0; again < 3; again += 1) expect(await run(5)).toBe(first);
  expect(await run(6)).not.toBe(first.replace("seed 5", "seed 6"));
});

test("a worker that dies between an activity's end and the commit of its result: the activity runs twice", async () => {
  await using host = await startTestHost({
    app,
    // The first invocation is the orchestrator's turn.
    chaos: { faults: [{ invocation: 2, is: "lost-result" }] },
  });
  runs = 0;
  const ended = await host.waitFor(await host.client.start("single"));
  expect(ended.output).toBe(2);
  expect(runs).toBe(2);
});

test.each(["before-commit", "after-commit"] as const)(
  "a host that dies %s of a start: the instance exists once, and ends",
  async (is) => {
    await using host = await startTestHost({
      app,
      chaos: { faults: [{ commit: 2, is }] },
    });
    runs = 0;
    const id = await host.client.start("single");
    await host.waitFor(id);
    expect(host.chaos.events).toEqual([{ fault: is, nth: 2 }]);
    expect(runs).toBe(1);
  },
);

test("a result that is held back loses the race against a timer", async () => {
  await using host = await startTestHost({
    app,
    chaos: { seed: 3, lateResults: { probability: 1, byMs: 600_000 } },
  });
  const id = await host.client.start("patient");
  expect((await host.waitFor(id)).output).toBe("late");
});

test("a slow disk takes the clock's time", async () => {
  await using host = await startTestHost({
    app,
    chaos: { commitLatencyMs: 500 },
  });
  const started = host.now().getTime();
  await host.waitFor(await host.client.start("single"));
  expect(host.now().getTime() - started).toBeGreaterThanOrEqual(1000);
});

test("an orchestrator that decides differently when it is replayed is found out", async () => {
  await using host = await startTestHost({ app });
  const id = await host.client.start("careless");
  await expect(host.waitFor(id)).rejects.toThrow(
    "Not deterministic: careless decided differently",
  );
});

test("the error of a scene that fails names the seed that repeats it", async () => {
  const scene = (seed: number): Promise<void> =>
    seed === 2 ? Promise.reject(new Error("it broke")) : Promise.resolve();
  await expect(underChaos([1, 2, 3], scene)).rejects.toThrow(
    /^it broke\nThis was chaos seed 2: repeat it with underChaos\(\[2\]/,
  );
});
