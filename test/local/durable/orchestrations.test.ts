import { expect, test } from "vitest";

import { EventType } from "../../../local/durable/history-event.ts";
import { createSdkApp, df } from "./support/sdk-worker.ts";
import { openTestHub, startTime, type TestHub } from "./support/test-hub.ts";

const app = createSdkApp(() => {
  df.app.activity("echo", { handler: (value: unknown) => value });
  df.app.activity("shout", {
    handler: (text: string) => text.toUpperCase(),
  });
  df.app.activity("fail", {
    handler: () => {
      throw new Error("out of paper");
    },
  });
  df.app.orchestration("sequence", function* (context) {
    const words: string[] = [];
    for (const word of context.df.getInput<string[]>() ?? []) {
      words.push(yield context.df.callActivity("shout", word));
    }
    return words.join(" ");
  });
  df.app.orchestration("roundTrip", function* (context) {
    return yield context.df.callActivity("echo", context.df.getInput());
  });
  df.app.orchestration("fanOut", function* (context) {
    const words = context.df.getInput<string[]>() ?? [];
    return yield context.df.Task.all(
      words.map((word) => context.df.callActivity("shout", word)),
    );
  });
  df.app.orchestration("exhaustRetries", function* (context) {
    try {
      yield context.df.callActivityWithRetry(
        "fail",
        new df.RetryOptions(5000, 2),
      );
      return "no failure";
    } catch (error) {
      return (error as Error).message.split(" \n ")[0];
    }
  });
  df.app.orchestration("sleep", function* (context) {
    const until = new Date(
      context.df.currentUtcDateTime.getTime() +
        (context.df.getInput<number>() ?? 0),
    );
    yield context.df.createTimer(until);
    return context.df.currentUtcDateTime.toISOString();
  });
  df.app.orchestration("race", function* (context) {
    const cancels = context.df.getInput<boolean>() ?? false;
    const deadline = context.df.createTimer(
      new Date(context.df.currentUtcDateTime.getTime() + 60_000),
    );
    const approval = context.df.waitForExternalEvent("approval");
    const winner = yield context.df.Task.any([approval, deadline]);
    if (winner === deadline) return "too late";
    if (cancels) deadline.cancel();
    return `approved by ${String(approval.result)}`;
  });
  df.app.orchestration("threeEvents", function* (context) {
    const seen: unknown[] = [];
    yield context.df.createTimer(
      new Date(context.df.currentUtcDateTime.getTime() + 1000),
    );
    for (let index = 0; index < 3; index += 1) {
      seen.push(yield context.df.waitForExternalEvent("item"));
    }
    return seen;
  });
  df.app.orchestration("parent", function* (context) {
    const child = context.df.getInput<{ id?: string; name: string }>();
    try {
      return yield context.df.callSubOrchestrator(
        child?.name ?? "",
        ["a", "b"],
        child?.id,
      );
    } catch (error) {
      return (error as Error).message;
    }
  });
  df.app.orchestration("failing", function* (context) {
    yield context.df.callActivity("shout", "before");
    throw new Error("no such customer");
  });
  df.app.orchestration("retriedChild", function* (context) {
    try {
      yield context.df.callSubOrchestratorWithRetry(
        "failing",
        new df.RetryOptions(1000, 2),
        undefined,
        "the-child",
      );
      return "no failure";
    } catch {
      return context.df.currentUtcDateTime.toISOString();
    }
  });
  df.app.orchestration("countDown", function* (context) {
    const count = Number(context.df.getInput());
    if (count === 0) return "lift-off";
    yield context.df.callActivity("echo", count);
    context.df.continueAsNew(count - 1);
    return "ignored";
  });
  df.app.orchestration("continueWithText", function* (context) {
    const input = context.df.getInput();
    if (input !== "x") return input;
    yield context.df.callActivity("echo", 1);
    context.df.continueAsNew("x");
    return undefined;
  });
  df.app.orchestration("statusful", function* (context) {
    context.df.setCustomStatus({ step: 1 });
    yield context.df.callActivity("echo", 1);
    context.df.setCustomStatus("y".repeat(Number(context.df.getInput())));
    yield context.df.callActivity("echo", 2);
    return "done";
  });
  df.app.orchestration("firstFailureWins", function* (context) {
    const start = context.df.currentUtcDateTime.getTime();
    try {
      yield context.df.Task.all([
        context.df.callActivity("fail"),
        context.df.createTimer(new Date(start + 30_000)),
      ]);
    } catch {
      yield context.df.callActivity("echo", "cleanup");
    }
    return context.df.currentUtcDateTime.getTime() - start;
  });
  df.app.orchestration("unknownActivity", function* (context) {
    return yield context.df.callActivity("nowhere");
  });
  df.app.orchestration("impatientRetry", function* (context) {
    const options = new df.RetryOptions(60_000, 5);
    options.retryTimeoutInMilliseconds = 30_000;
    return yield context.df.callActivityWithRetry("fail", options);
  });
  let onceCalls = 0;
  df.app.orchestration("fickleOnce", function* (context) {
    onceCalls += 1;
    yield context.df.callActivity(onceCalls === 1 ? "echo" : "shout", "a");
  });
  let calls = 0;
  df.app.orchestration("fickle", function* (context) {
    calls += 1;
    yield context.df.callActivity(calls === 1 ? "echo" : "shout", "a");
    return calls;
  });
});

async function run(name: string, input?: unknown) {
  const hub = openTestHub(app);
  const id = await hub.start(name, input);
  return { hub, id, ...(await hub.finish(id)) };
}

/** Type, id and what the event refers to, as the protocol's description of histories writes them. */
function shape(hub: TestHub, id: string): string[] {
  return (hub.engine.client.exportHistory(id) ?? []).flatMap((event) => {
    if ("FireAt" in event && event.EventType === EventType.TimerCreated) {
      return [`10#${event.EventId} +${Date.parse(event.FireAt) - startTime}ms`];
    }
    if ("TaskScheduledId" in event) {
      return [`${event.EventType}(→${event.TaskScheduledId})`];
    }
    if (event.EventType === EventType.TimerFired) {
      return [`11(→${event.TimerId})`];
    }
    return event.EventId >= 0 ? [`${event.EventType}#${event.EventId}`] : [];
  });
}

test("activities in sequence: each sees its input, the output is theirs in order", async () => {
  const { status, output } = await run("sequence", ["durable", "tasks"]);
  expect({ status, output }).toEqual({
    status: "Completed",
    output: "DURABLE TASKS",
  });
});

test.each([
  ["a string", "text"],
  ["a string that looks like a number", "42"],
  ["an integer", 42],
  ["a float", 1.5],
  ["true", true],
  ["an object with a date", { at: "2026-01-01T00:00:00Z", list: [1, null] }],
  ["an empty array", []],
  ["null", null],
])("%s goes through an activity unchanged", async (_name, value) => {
  expect((await run("roundTrip", value)).output).toEqual(value);
});

test("fan-out: all activities run, results keep the order of the calls", async () => {
  const words = Array.from({ length: 40 }, (_, index) => `w${index}`);
  const { output, hub, id } = await run("fanOut", words);
  expect(output).toEqual(words.map((word) => word.toUpperCase()));
  expect(hub.engine.client.exportHistory(id)?.[2]).toMatchObject({
    EventType: EventType.TaskScheduled,
    EventId: 0,
    Name: "shout",
  });
});

test("exhausted retries leave the history of the extension, the last timer due at once", async () => {
  const { hub, id, output } = await run("exhaustRetries");
  expect(output).toBe("Activity function 'fail' failed:  out of paper");
  expect(shape(hub, id)).toEqual([
    "4#0",
    "6(→0)",
    "10#1 +5000ms",
    "11(→1)",
    "4#2",
    "6(→2)",
    "10#3 +5000ms",
    "11(→3)",
    "1#4",
  ]);
});

test("a turn is recorded as started, messages, scheduled events, completed", async () => {
  const { hub, id } = await run("sequence", ["one"]);
  const types = hub.engine.client
    .exportHistory(id)
    ?.map((event) => event.EventType);
  expect(types).toEqual([12, 0, 4, 13, 12, 5, 1, 13]);
});

test("a durable timer fires when it is due, not before", async () => {
  const hub = openTestHub(app);
  const id = await hub.start("sleep", 90_000);
  await hub.settle();
  hub.clock.advanceTo(startTime + 89_999);
  await hub.settle();
  expect(hub.record(id).status).toBe("Running");
  expect((await hub.finish(id)).output).toBe("2026-01-01T00:01:30.000Z");
});

test("a timer beyond six days is made of pieces of three days", async () => {
  const days = 24 * 60 * 60_000;
  const { hub, id, output } = await run("sleep", 10 * days);
  expect(output).toBe("2026-01-11T00:00:00.000Z");
  expect(shape(hub, id)).toEqual([
    `10#0 +${3 * days}ms`,
    "11(→0)",
    `10#1 +${6 * days}ms`,
    "11(→1)",
    `10#2 +${9 * days}ms`,
    "11(→2)",
    `10#3 +${10 * days}ms`,
    "11(→3)",
    "1#4",
  ]);
});

test("an event wins the race and the timer is cancelled: the instance completes at once", async () => {
  const hub = openTestHub(app);
  const id = await hub.start("race", true);
  await hub.raise(id, "approval", "Ada");
  await hub.settle();
  expect(hub.record(id)).toMatchObject({
    status: "Completed",
    output: '"approved by Ada"',
  });
  expect(hub.clock.nextAt()).toBeUndefined();
});

test("an open timer keeps the instance running until it has fired", async () => {
  const hub = openTestHub(app);
  const id = await hub.start("race", false);
  await hub.raise(id, "approval", "Ada");
  await hub.settle();
  expect(hub.record(id).status).toBe("Running");
  expect(await hub.finish(id)).toMatchObject({
    status: "Completed",
    output: "approved by Ada",
  });
  expect(hub.clock.now()).toBe(startTime + 60_000);
});

test("the timer wins the race: a late event changes nothing", async () => {
  const hub = openTestHub(app);
  const id = await hub.start("race", true);
  expect((await hub.finish(id)).output).toBe("too late");
  expect(await hub.engine.client.raiseEvent(id, "approval", '"Ada"')).toEqual({
    outcome: "finished",
  });
});

test("events that nobody waits for yet are kept and taken oldest first", async () => {
  const hub = openTestHub(app);
  const id = await hub.start("threeEvents");
  await hub.settle();
  for (const value of [1, 2, 3]) await hub.raise(id, "item", value);
  expect((await hub.finish(id)).output).toEqual([1, 2, 3]);
});

test("a sub-orchestration without an ID gets one of the parent's execution", async () => {
  const { hub, id, output } = await run("parent", { name: "sequence" });
  expect(output).toBe("A B");
  const { executionId } = hub.record(id);
  expect(hub.record(`${executionId}:0`)).toMatchObject({
    status: "Completed",
    name: "sequence",
    parent: { instanceId: id, taskId: 0 },
  });
});

test("a sub-orchestration with an ID has it", async () => {
  const { hub, output } = await run("parent", { name: "sequence", id: "kid" });
  expect(output).toBe("A B");
  expect(hub.record("kid").status).toBe("Completed");
});

test("a failed sub-orchestration tells its parent what failed", async () => {
  const { output } = await run("parent", { name: "failing" });
  expect(output).toBe(
    "Orchestrator function 'failing' failed: no such customer \n Message: no such customer, StackTrace: ",
  );
});

test("a retried sub-orchestration runs again under its ID, a retry interval later", async () => {
  const { output, hub } = await run("retriedChild");
  expect(output).toBe("2026-01-01T00:00:01.000Z");
  expect(hub.record("the-child").status).toBe("Failed");
});

test("a sub-orchestration whose ID a running instance has fails", async () => {
  const hub = openTestHub(app);
  await hub.start("race", true, "taken");
  const id = await hub.start("parent", { name: "sequence", id: "taken" });
  const { output } = await hub.finish(id);
  expect(output).toContain("an unfinished instance has its instance ID");
});

test("continue-as-new starts over with an empty history and a new execution", async () => {
  const hub = openTestHub(app);
  const id = await hub.start("countDown", 3);
  const first = hub.record(id).executionId;
  expect((await hub.finish(id)).output).toBe("lift-off");
  expect(hub.record(id).executionId).not.toBe(first);
  expect(shape(hub, id)).toEqual(["1#0"]);
});

test("continue-as-new quotes a text input once more, as the extension does", async () => {
  expect((await run("continueWithText", "x")).output).toBe('"x"');
});

test("an unhandled error fails the instance with the extension's text", async () => {
  expect(await run("failing")).toMatchObject({
    status: "Failed",
    output: "Orchestrator function 'failing' failed: no such customer",
  });
});

test("custom status is kept up to 16 KB of UTF-16 and fails the instance beyond", async () => {
  expect(await run("statusful", 8190)).toMatchObject({
    status: "Completed",
    customStatus: "y".repeat(8190),
  });
  const tooLong = await run("statusful", 8191);
  expect(tooLong.status).toBe("Failed");
  expect(tooLong.output).toContain("longer than 16 KB");
});

test("Task.all waits for all tasks before the next action, though the function sees the first failure", async () => {
  const { output } = await run("firstFailureWins");
  expect(output).toBe(30_000);
});

test.each([
  ["unknownActivity", "The activity function 'nowhere' does not exist"],
  ["impatientRetry", "retryTimeoutInMilliseconds of 30000 had passed"],
  ["fickle", "Non-Deterministic workflow detected"],
])("%s fails loudly instead of hanging", async (name, text) => {
  const { status, output } = await run(name);
  expect(status).toBe("Failed");
  expect(output).toContain(text);
});

test("what is not deterministic is said without the function's name, as the framework says it", async () => {
  const { output } = await run("fickleOnce");
  expect(output).toMatch(/^Non-Deterministic workflow detected: /);
});

test("function names match in any case", async () => {
  expect((await run("SEQUENCE", ["a"])).output).toBe("A");
});
