import { setImmediate as nextTurn } from "node:timers/promises";
import { expect, test, vi } from "vitest";

import type { ActivityOutcome } from "../../../local/worker-port.ts";
import { createSdkApp, df } from "./support/sdk-worker.ts";
import { openTestHub, type TestHub } from "./support/test-hub.ts";

const id = "the-instance";

const app = createSdkApp(() => {
  df.app.activity("part", { handler: () => "never runs" });
  df.app.orchestration("all", function* (context) {
    const parts = [0, 1, 2].map((index) =>
      context.df.callActivity("part", index),
    );
    try {
      return (yield context.df.Task.all(parts)) as unknown;
    } catch {
      yield context.df.waitForExternalEvent("go");
      return "failed";
    }
  });
});

/** An instance that waits for three activities, which end when the test says so. */
async function startAll(): Promise<{
  readonly hub: TestHub;
  end(index: number, outcome?: ActivityOutcome): Promise<void>;
  /** The events of each turn but the first, without those that begin and end it. */
  turns(): readonly (readonly number[])[];
}> {
  const ends = new Map<string, (outcome: ActivityOutcome) => void>();
  const hub = openTestHub(app, {
    worker: {
      ...app.worker,
      invokeActivity: ({ input = "" }) =>
        new Promise((resolve) => ends.set(input, resolve)),
    },
  });
  await hub.start("all", null, id);
  await vi.waitUntil(() => ends.size === 3);
  return {
    hub,
    async end(index, outcome = { kind: "completed", result: `${index}` }) {
      ends.get(`${index}`)?.(outcome);
      // What it leads to would be there by then.
      for (let turn = 0; turn < 10; turn += 1) await nextTurn();
    },
    turns() {
      const types = (hub.engine.client.exportHistory(id) ?? [])
        .map(({ EventType }) => EventType)
        .join(",");
      return types
        .split("13")
        .slice(1, -1)
        .map((turn) =>
          turn
            .split(",")
            .filter((type) => type !== "" && type !== "12")
            .map(Number),
        );
    },
  };
}

test("completions of which the function needs all are one turn, although they come one after the other", async () => {
  const { hub, end, turns } = await startAll();
  await end(2);
  await end(0);
  expect(turns()).toEqual([]);
  await end(1);
  expect(turns()).toEqual([[5, 5, 5, 1]]);
  expect(await hub.finish(id)).toMatchObject({ output: [0, 1, 2] });
  hub.close();
});

test("one that takes longer keeps the others out of the history for a moment only", async () => {
  const { hub, end, turns } = await startAll();
  await end(1);
  await end(2);
  hub.clock.advanceTo(hub.clock.now() + 15);
  await vi.waitUntil(() => turns().length === 1);
  expect(turns()).toEqual([[5, 5]]);
  await end(0);
  expect(turns()).toEqual([
    [5, 5],
    [5, 1],
  ]);
  hub.close();
});

test("a failure, which may move the function, brings those along that wait", async () => {
  const { hub, end, turns } = await startAll();
  await end(0);
  await end(1, { kind: "failed", message: "no", stack: "" });
  expect(turns()).toEqual([[5, 6]]);
  // Nothing is waited for together any more.
  await end(2);
  expect(turns()).toEqual([[5, 6], [5]]);
  await hub.raise(id, "go");
  expect(await hub.finish(id)).toMatchObject({ output: "failed" });
  hub.close();
});

test("an event brings those along that wait", async () => {
  const { hub, end, turns } = await startAll();
  await end(0);
  await hub.raise(id, "other");
  await vi.waitUntil(() => turns().length === 1);
  expect(turns()).toEqual([[5, 15]]);
  // They would have had their turn by now; it must not come empty.
  hub.clock.advanceTo(hub.clock.now() + 15);
  await end(1);
  await end(2);
  expect(turns()).toEqual([
    [5, 15],
    [5, 5, 1],
  ]);
  hub.close();
});
