import { expect, test } from "vitest";

import { EventType } from "../../../local/durable/history-event.ts";
import { createSdkApp, df } from "./support/sdk-worker.ts";
import { openTestHub, startTime, type TestHub } from "./support/test-hub.ts";

const day = 24 * 3_600_000;

interface RetryInput {
  readonly first: number;
  readonly attempts: number;
  readonly longest?: number;
  readonly timeout?: number;
}

function never(): never {
  throw new Error("no input");
}

const app = createSdkApp(() => {
  df.app.activity("echo", { handler: (value: unknown) => value });
  df.app.activity("fail", {
    handler: () => {
      throw new Error("out of paper");
    },
  });
  df.app.orchestration("sleepUntil", function* (context) {
    yield context.df.createTimer(new Date(context.df.getInput<string>() ?? ""));
    return "awake";
  });
  df.app.orchestration("retry", function* (context) {
    const { first, attempts, longest, timeout } =
      context.df.getInput<RetryInput>() ?? never();
    const options = new df.RetryOptions(first, attempts);
    if (longest !== undefined) options.maxRetryIntervalInMilliseconds = longest;
    if (timeout !== undefined) options.retryTimeoutInMilliseconds = timeout;
    try {
      yield context.df.callActivityWithRetry("fail", options);
    } catch {
      return "caught";
    }
    return "no failure";
  });
  df.app.orchestration("child", function* (context) {
    return (yield context.df.callActivity(
      "echo",
      context.df.instanceId,
    )) as unknown;
  });
  df.app.orchestration("parent", function* (context) {
    return (yield context.df.callSubOrchestrator(
      "child",
      undefined,
      context.df.getInput<string>(),
    )) as unknown;
  });
  df.app.orchestration("progress", function* (context) {
    context.df.setCustomStatus("busy");
    yield context.df.callActivity("echo", 1);
    context.df.setCustomStatus(null);
    yield context.df.waitForExternalEvent("go");
    return "done";
  });
  df.app.orchestration("rounds", function* (context) {
    const round = Number(context.df.getInput());
    if (round === 1) {
      context.df.setCustomStatus("first round");
      yield context.df.callActivity("echo", 1);
      context.df.continueAsNew(2);
      return;
    }
    yield context.df.waitForExternalEvent("go");
    yield context.df.waitForExternalEvent("end");
  });
});

async function run(name: string, input: unknown) {
  const hub = openTestHub(app);
  const id = await hub.start(name, input);
  return { hub, id, ...(await hub.finish(id)) };
}

/** When the timers of an instance were due, in milliseconds since its start. */
function timersOf(hub: TestHub, id: string): number[] {
  return (hub.engine.client.exportHistory(id) ?? []).flatMap((event) =>
    event.EventType === EventType.TimerCreated
      ? [Date.parse(event.FireAt) - startTime]
      : [],
  );
}

test.each(["no date", "+010000-01-01T00:00:00Z", "-000001-01-01T00:00:00Z"])(
  "a timer for %s fails its instance, as on Azure, and nothing else",
  async (at) => {
    const hub = openTestHub(app);
    const failed = await hub.start("sleepUntil", at);
    const other = await hub.start("sleepUntil", "2026-01-02T00:00:00Z");
    expect(await hub.finish(failed)).toMatchObject({
      status: "Failed",
      output: expect.stringContaining("a timer for no valid date") as string,
    });
    expect((await hub.finish(other)).output).toBe("awake");
  },
);

test.each([
  [7, [3, 6, 7]],
  [8, [3, 6, 8]],
  [9, [3, 6, 9]],
  [10, [3, 6, 9, 10]],
])(
  "a timer of %i days fires in pieces of three days while three are left",
  async (days, pieces) => {
    const at = new Date(startTime + days * day).toISOString();
    const { hub, id, output } = await run("sleepUntil", at);
    expect(output).toBe("awake");
    expect(timersOf(hub, id)).toEqual(pieces.map((piece) => piece * day));
  },
);

test("the last attempt's failure reaches the function although the retry time-out has passed", async () => {
  const input = { first: 60_000, attempts: 2, timeout: 60_000 };
  const { hub, id, output } = await run("retry", input);
  expect(output).toBe("caught");
  expect(timersOf(hub, id)).toEqual([60_000, 60_000]);
});

test.each([
  ["a first", { first: 6 * day + 1, attempts: 2 }],
  ["a longest", { first: 1, attempts: 2, longest: 6 * day + 1 }],
])(
  "a retry with %s interval beyond six days fails its instance by name: on Azure it hangs",
  async (_which, input) => {
    const { status, output } = await run("retry", input);
    expect(status).toBe("Failed");
    expect(output).toContain("'fail'");
    expect(output).toContain("six days");
    const compat = openTestHub(app, { mode: "compat" });
    const id = await compat.start("retry", input);
    expect((await compat.finish(id)).status).toBe("Running");
  },
);

test("a sub-orchestration's ID is taken as it is given", async () => {
  const { output } = await run("parent", " the child ");
  expect(output).toBe(" the child ");
});

test("a custom status that the function takes back is gone", async () => {
  const hub = openTestHub(app);
  const id = await hub.start("progress");
  await hub.settle();
  expect(hub.record(id)).toMatchObject({
    status: "Running",
    customStatus: undefined,
  });
});

test("a custom status outlives continue-as-new until the next execution's second turn", async () => {
  const hub = openTestHub(app);
  const id = await hub.start("rounds", 1);
  await hub.settle();
  expect(hub.record(id).customStatus).toBe('"first round"');
  await hub.raise(id, "go");
  await hub.settle();
  expect(hub.record(id).customStatus).toBeUndefined();
});
