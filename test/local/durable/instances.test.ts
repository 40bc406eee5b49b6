import { setImmediate } from "node:timers/promises";

import { expect, test } from "vitest";

import { EventType } from "../../../local/durable/history-event.ts";
import type {
  ActivityCall,
  ActivityOutcome,
  WorkerPort,
} from "../../../local/worker-port.ts";
import { createSdkApp, df } from "./support/sdk-worker.ts";
import { openTestHub, startTime } from "./support/test-hub.ts";

const app = createSdkApp(() => {
  df.app.activity("echo", { handler: (value: unknown) => value });
  df.app.orchestration("echoTwice", function* (context) {
    const input = context.df.getInput();
    const first: unknown = yield context.df.callActivity("echo", input);
    const second: unknown = yield context.df.callActivity("echo", input);
    return [first, second];
  });
  df.app.orchestration("waitFor", function* (context) {
    const value: unknown = yield context.df.waitForExternalEvent("go");
    yield context.df.callActivity("echo", 1);
    return value;
  });
  df.app.orchestration("eternal", function* (context) {
    const value: unknown = yield context.df.waitForExternalEvent("next");
    if (value === "stop") return context.df.getInput();
    context.df.continueAsNew(Number(context.df.getInput()) + 1);
    return undefined;
  });
  df.app.orchestration("leftover", function* (context) {
    const event = context.df.waitForExternalEvent("never");
    const timer = context.df.createTimer(
      new Date(context.df.currentUtcDateTime.getTime() + 5),
    );
    yield context.df.Task.any([timer, event]);
    yield event;
  });
});

/** A worker whose activities end when the test says so. */
function heldActivities() {
  const calls: {
    call: ActivityCall;
    end: (outcome: ActivityOutcome) => void;
  }[] = [];
  let onCall: (() => void) | undefined;
  const worker: WorkerPort = {
    ...app.worker,
    invokeActivity: (call) =>
      new Promise((end) => {
        calls.push({ call, end });
        onCall?.();
      }),
  };
  const called = async (count: number): Promise<void> => {
    while (calls.length < count) {
      await new Promise<void>((resolve) => {
        onCall = resolve;
      });
    }
  };
  return { worker, calls, called };
}

test("terminate ends the instance with the reason, and leaves nothing armed", async () => {
  const hub = openTestHub(app);
  const id = await hub.start("waitFor");
  await hub.engine.client.terminate(id, "no longer needed");
  expect(await hub.finish(id)).toMatchObject({
    status: "Terminated",
    output: "no longer needed",
  });
  expect(await hub.engine.client.terminate(id, "again")).toEqual({
    outcome: "finished",
  });
});

test("the end of a terminated instance has the id that its next action would have had", async () => {
  const { worker, called } = heldActivities();
  const hub = openTestHub(app, { worker });
  const waiting = await hub.start("waitFor");
  const working = await hub.start("echoTwice", 1);
  await called(1);
  const endOf = async (id: string): Promise<number | undefined> => {
    await hub.engine.client.terminate(id, null);
    while (hub.record(id).status !== "Terminated") await setImmediate();
    const history = hub.engine.client.exportHistory(id);
    return history?.find(({ EventType }) => EventType === 1)?.EventId;
  };
  expect([await endOf(waiting), await endOf(working)]).toEqual([0, 1]);
});

test("the result of an activity that outlives its instance is dropped", async () => {
  const { worker, calls, called } = heldActivities();
  const hub = openTestHub(app, { worker });
  const id = await hub.start("echoTwice", 1);
  await called(1);
  await hub.engine.client.terminate(id, null);
  while (hub.record(id).status !== "Terminated") await setImmediate();
  calls[0]?.end({ kind: "completed", result: "1" });
  await hub.settle();
  const types = hub.engine.client
    .exportHistory(id)
    ?.map((event) => event.EventType);
  expect(types).not.toContain(EventType.TaskCompleted);
});

test("a lost activity and a lost turn run again", async () => {
  const { worker, calls, called } = heldActivities();
  let turns = 0;
  const hub = openTestHub(app, {
    worker: {
      ...worker,
      invokeOrchestrator: async (name, payload) => {
        turns += 1;
        return turns === 1
          ? { kind: "lost" }
          : app.worker.invokeOrchestrator(name, payload);
      },
    },
  });
  const id = await hub.start("echoTwice", 7);
  await called(1);
  calls[0]?.end({ kind: "lost" });
  await called(2);
  calls[1]?.end({ kind: "completed", result: "7" });
  await called(3);
  calls[2]?.end({ kind: "completed", result: "7" });
  expect((await hub.finish(id)).output).toEqual([7, 7]);
});

test("a suspended instance keeps what happens and goes on when it is resumed", async () => {
  const hub = openTestHub(app);
  const id = await hub.start("waitFor");
  await hub.settle();
  await hub.engine.client.suspend(id, "hold");
  await hub.settle();
  expect(hub.record(id).status).toBe("Suspended");
  expect(await hub.engine.client.suspend(id, "hold")).toEqual({
    outcome: "conflict",
    status: "Suspended",
  });
  await hub.raise(id, "go", "now");
  await hub.settle();
  expect(hub.record(id).status).toBe("Suspended");
  await hub.engine.client.resume(id, "go on");
  expect((await hub.finish(id)).output).toBe("now");
});

test("a running instance cannot be resumed, an unknown one is not found", async () => {
  const hub = openTestHub(app);
  const id = await hub.start("waitFor");
  await hub.settle();
  expect(await hub.engine.client.resume(id, null)).toEqual({
    outcome: "conflict",
    status: "Running",
  });
  expect(await hub.engine.client.resume("nobody", null)).toEqual({
    outcome: "not-found",
  });
});

test("a running instance's ID cannot be started again, a finished one's replaces it", async () => {
  const hub = openTestHub(app);
  await hub.start("waitFor", undefined, "once");
  expect(
    await hub.engine.client.start({ name: "waitFor", instanceId: "once" }),
  ).toMatchObject({ outcome: "already-exists" });
  await hub.engine.client.terminate("once", "done");
  await hub.settle();
  await hub.start("echoTwice", 3, "once");
  expect((await hub.finish("once")).output).toEqual([3, 3]);
  expect(hub.engine.statistics().instances).toEqual({ Completed: 1 });
});

test.each(["@counter@a", "a/b", "a#b", "a?b", "", "x".repeat(101), "a\nb"])(
  "an instance ID such as %j is refused",
  async (instanceId) => {
    const hub = openTestHub(app);
    expect(
      await hub.engine.client.start({ name: "waitFor", instanceId }),
    ).toEqual({ outcome: "invalid-instance-id" });
  },
);

test("messages that arrive while a turn runs are one batch of the next turn", async () => {
  const hub = openTestHub(app);
  const id = await hub.start("waitFor");
  await hub.settle();
  await Promise.all(
    Array.from({ length: 20 }, (_, index) => hub.raise(id, "other", index)),
  );
  await hub.settle();
  const turns = hub.engine.client
    .exportHistory(id)
    ?.filter((event) => event.EventType === EventType.OrchestratorStarted);
  expect(turns).toHaveLength(2);
});

test("an event that arrives in the turn of continue-as-new reaches the next execution", async () => {
  const hub = openTestHub(app);
  const id = await hub.start("eternal", 0);
  await hub.settle();
  for (const value of [1, 2, 3]) {
    await hub.raise(id, "next", value);
    await hub.settle();
  }
  await hub.raise(id, "next", "stop");
  expect((await hub.finish(id)).output).toBe(3);
});

test("an event in another case than the function waits in never reaches it, and the instance says so in the log", async () => {
  const hub = openTestHub(app);
  const id = await hub.start("waitFor");
  await hub.raise(id, "GO");
  await hub.settle();
  expect(hub.record(id).status).toBe("Running");
  expect(hub.logged.join()).toContain(`Instance '${id}'`);
});

test("a function that goes on waiting for the loser of a race stays running without a warning", async () => {
  const hub = openTestHub(app);
  const id = await hub.start("leftover");
  await hub.finish(id);
  await hub.raise(id, "never");
  expect((await hub.finish(id)).status).toBe("Completed");
  expect(hub.logged).toHaveLength(1);
});

test("no more activities and turns run at once than configured", async () => {
  const { worker, calls, called } = heldActivities();
  const hub = openTestHub(app, { worker, maxConcurrentActivityFunctions: 3 });
  const ids = await Promise.all(
    Array.from({ length: 10 }, (_, index) => hub.start("echoTwice", index)),
  );
  await called(3);
  expect(hub.engine.statistics().activities).toEqual({
    running: 3,
    queued: 7,
  });
  for (let index = 0; index < 20; index += 1) {
    await called(index + 1);
    calls[index]?.end({ kind: "completed", result: "0" });
  }
  for (const id of ids) {
    expect((await hub.finish(id)).status).toBe("Completed");
  }
  expect(calls.map(({ call }) => call.instanceId).slice(0, 10)).toEqual(ids);
});

test("the trace context of the start reaches the history and the activities", async () => {
  const { worker, calls, called } = heldActivities();
  const hub = openTestHub(app, { worker });
  const traceparent = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01";
  const result = await hub.engine.client.start({
    name: "echoTwice",
    instanceId: "traced",
    trace: { traceparent, tracestate: "a=b" },
  });
  expect(result.outcome).toBe("started");
  await called(1);
  expect(calls[0]?.call.traceparent).toBe(traceparent);
  expect(hub.engine.client.exportHistory("traced")?.[1]).toMatchObject({
    ParentTraceContext: { TraceParent: traceparent, TraceState: "a=b" },
  });
});

test("listing pages through all instances once, by status, time and prefix", async () => {
  const hub = openTestHub(app);
  for (let index = 0; index < 25; index += 1) {
    hub.clock.advanceTo(startTime + index * 1000);
    await hub.start(
      index % 5 === 0 ? "waitFor" : "echoTwice",
      index,
      `${index % 2 === 0 ? "even" : "odd"}-${index}`,
    );
  }
  await hub.settle();
  const { client } = hub.engine;
  const seen: string[] = [];
  let continuationToken: string | undefined;
  do {
    const page = client.list(
      {},
      { top: 7, ...(continuationToken !== undefined && { continuationToken }) },
    );
    seen.push(...page.instances.map(({ id }) => id));
    continuationToken = page.continuationToken;
  } while (continuationToken !== undefined);
  expect(new Set(seen).size).toBe(25);
  expect(seen).toHaveLength(25);
  const count = (filter: Parameters<typeof client.list>[0]) =>
    client.list(filter, { top: 100 }).instances.length;
  expect(count({ statuses: ["Running"] })).toBe(5);
  expect(count({ statuses: ["Running", "Completed"] })).toBe(25);
  expect(count({ instanceIdPrefix: "odd-" })).toBe(12);
  expect(
    count({ createdFrom: startTime + 5000, createdTo: startTime + 9000 }),
  ).toBe(5);
});

test("purge removes finished instances with their history, never running ones", async () => {
  const hub = openTestHub(app);
  await hub.start("echoTwice", 1, "done-1");
  await hub.start("echoTwice", 1, "done-2");
  await hub.start("waitFor", 1, "waiting");
  await hub.settle();
  const { client } = hub.engine;
  expect(hub.engine.historyBytes("done-1")).toBeGreaterThan(500);
  expect(await client.purge("done-1")).toBe(1);
  expect(await client.purge("done-1")).toBe(0);
  expect(await client.purge("waiting")).toBe(0);
  expect(await client.purgeBy({ createdFrom: startTime })).toBe(1);
  expect(client.getStatus("done-1")).toBeUndefined();
  expect(client.exportHistory("done-2")).toBeUndefined();
  expect(hub.engine.statistics().instances).toEqual({ Running: 1 });
  expect(
    hub.database.prepare("SELECT count(*) AS n FROM th_history").get(),
  ).toEqual({ n: 1 });
});

test("drain waits for what runs, and starts nothing more", async () => {
  const { worker, calls, called } = heldActivities();
  const hub = openTestHub(app, { worker });
  const id = await hub.start("echoTwice", 1);
  await called(1);
  const drained = hub.engine.drain();
  calls[0]?.end({ kind: "completed", result: "1" });
  await drained;
  expect(calls).toHaveLength(1);
  expect(hub.record(id).status).toBe("Running");
  const messages = hub.database
    .prepare("SELECT count(*) AS n FROM th_message")
    .get();
  expect(messages).toEqual({ n: 1 });
});
