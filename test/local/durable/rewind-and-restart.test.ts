import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

import { afterEach, describe, expect, onTestFinished, test } from "vitest";

import {
  EventType,
  eventTypeNames,
} from "../../../local/durable/history-event.ts";
import { createDurableClient } from "./support/durable-client.ts";
import { createSdkApp, df } from "./support/sdk-worker.ts";
import { serveManagement } from "./support/serve-management.ts";
import { openTestHub, type TestHub } from "./support/test-hub.ts";

/** What the activities do, as the tests set it. */
const world = { isBroken: true, calls: [] as string[] };

const app = createSdkApp(() => {
  df.app.activity("steady", {
    handler: (name: string) => {
      world.calls.push(name);
      return name;
    },
  });
  df.app.activity("fragile", {
    handler: (name: string) => {
      world.calls.push(name);
      if (world.isBroken) throw new Error(`${name} is broken`);
      return name;
    },
  });
  df.app.orchestration("job", function* (context) {
    const first: string = yield context.df.callActivity("steady", "first");
    const second: string = yield context.df.callActivity("fragile", "second");
    return [first, second, context.df.getInput()];
  });
  df.app.orchestration("fanOut", function* (context) {
    return yield context.df.Task.all([
      context.df.callActivity("fragile", "a"),
      context.df.callActivity("steady", "b"),
      context.df.callActivity("fragile", "c"),
    ]);
  });
  df.app.orchestration("parent", function* (context) {
    const before: string = yield context.df.callActivity("steady", "before");
    const child: unknown = yield context.df.callSubOrchestrator(
      "job",
      "from the parent",
      "the-child",
    );
    return [before, child];
  });
  df.app.orchestration("retrying", function* (context) {
    return yield context.df.callActivityWithRetry(
      "fragile",
      new df.RetryOptions(1000, 2),
      "again",
    );
  });
  df.app.orchestration("wait", function* (context) {
    return yield context.df.waitForExternalEvent("go");
  });
});

const servers: { close(): void }[] = [];
afterEach(() => {
  for (const server of servers.splice(0)) server.close();
  world.isBroken = true;
  world.calls = [];
});

async function serve(hub: TestHub) {
  const served = await serveManagement(hub);
  servers.push(served);
  return {
    client: createDurableClient(served.origin, "rpc"),
    post: (path: string) =>
      fetch(`${served.origin}/durabletask/instances/${path}`, {
        method: "POST",
      }),
  };
}

async function failAndRewind(hub: TestHub, name: string) {
  const id = await hub.start(name, "input", "the-instance");
  expect((await hub.finish(id)).status).toBe("Failed");
  world.isBroken = false;
  world.calls = [];
  expect(await hub.engine.client.rewind(id, "mended")).toBe("accepted");
  return hub.finish(id);
}

describe("rewind", () => {
  test("runs what failed again, and nothing else", async () => {
    const hub = openTestHub(app);
    expect(await failAndRewind(hub, "job")).toMatchObject({
      status: "Completed",
      output: ["first", "second", "input"],
    });
    expect(world.calls).toEqual(["second"]);
    const shape = hub.engine.client
      .exportHistory("the-instance")
      ?.map((event) =>
        event.EventType === EventType.GenericEvent
          ? event.Data
          : eventTypeNames.get(event.EventType),
      )
      .filter((name) => !name?.startsWith("Orchestrator"));
    expect(shape).toEqual([
      "ExecutionStarted",
      "TaskScheduled",
      "TaskCompleted",
      "Rewound: TaskScheduled",
      "Rewound: TaskFailed",
      "Rewound: ExecutionCompleted",
      "mended",
      "TaskScheduled",
      "TaskCompleted",
      "ExecutionCompleted",
    ]);
  });

  test("shows the instance without its old output while it runs", async () => {
    const hub = openTestHub(app);
    const id = await hub.start("job");
    await hub.finish(id);
    world.isBroken = false;
    await hub.engine.client.rewind(id, null);
    expect(hub.record(id)).toMatchObject({
      status: "Pending",
      output: undefined,
    });
  });

  test("runs all failed branches of a fan-out again", async () => {
    const hub = openTestHub(app);
    const { output } = await failAndRewind(hub, "fanOut");
    expect(output).toEqual(["a", "b", "c"]);
    expect(world.calls).toEqual(["a", "c"]);
  });

  test("rewinds a failed sub-orchestration, whose parent takes its result", async () => {
    const hub = openTestHub(app);
    const { output } = await failAndRewind(hub, "parent");
    expect(output).toEqual(["before", ["first", "second", "from the parent"]]);
    expect(world.calls).toEqual(["second"]);
    expect(hub.record("the-child").status).toBe("Completed");
  });

  test("starts a sub-orchestration anew that was purged", async () => {
    const hub = openTestHub(app);
    const id = await hub.start("parent", undefined, "the-instance");
    await hub.finish(id);
    await hub.engine.client.purge("the-child");
    world.isBroken = false;
    world.calls = [];
    await hub.engine.client.rewind(id, null);
    expect((await hub.finish(id)).status).toBe("Completed");
    expect(world.calls).toEqual(["first", "second"]);
  });

  test.each(["job", "parent"])(
    "is not lost when the process ends before the next turn: %s",
    async (name) => {
      const folder = mkdtempSync(join(tmpdir(), "nucleus-rewind-"));
      onTestFinished(() => rmSync(folder, { recursive: true }));
      const file = join(folder, "hub.db");
      const hub = openTestHub(app, { file });
      const id = await hub.start(name, "input", "the-instance");
      await hub.finish(id);
      world.isBroken = false;
      const rewinding = hub.engine.client.rewind(id, "mended");
      await Promise.all([rewinding, hub.engine.drain()]);
      hub.close();
      const restarted = openTestHub(app, { file });
      expect((await restarted.finish(id)).status).toBe("Completed");
      restarted.close();
    },
  );

  test("fails the instance again where nothing was mended, and may be tried again", async () => {
    const hub = openTestHub(app);
    const id = await hub.start("job");
    await hub.finish(id);
    await hub.engine.client.rewind(id, null);
    expect((await hub.finish(id)).status).toBe("Failed");
    world.isBroken = false;
    await hub.engine.client.rewind(id, null);
    expect((await hub.finish(id)).status).toBe("Completed");
  });

  test("cannot take back retries, and says so, as on Azure", async () => {
    const hub = openTestHub(app);
    const { status, output } = await failAndRewind(hub, "retrying");
    expect(status).toBe("Failed");
    expect(output).toContain("Non-Deterministic workflow detected");
  });

  test("is answered with 404 and 412 where there is nothing to rewind", async () => {
    const hub = openTestHub(app);
    const { client, post } = await serve(hub);
    await hub.start("wait", undefined, "one");
    await hub.settle();
    expect((await post("nobody/rewind")).status).toBe(404);
    expect((await post("one/rewind")).status).toBe(412);
    await expect(client.rewind("one", "why")).rejects.toThrow(
      'This orchestration has status Running, but only orchestrations in the "Failed" state can be rewound.',
    );
    await hub.start("job", "input", "two");
    await hub.finish("two");
    world.isBroken = false;
    await client.rewind("two", "mended");
    expect((await hub.finish("two")).status).toBe("Completed");
  });
});

describe("restart", () => {
  test("starts a new instance with the same input", async () => {
    world.isBroken = false;
    const hub = openTestHub(app);
    const { post } = await serve(hub);
    await hub.start("job", { n: 1 }, "one");
    await hub.finish("one");
    const answer = await post("one/restart");
    expect(answer.status).toBe(202);
    const { id } = (await answer.json()) as { id: string };
    expect(answer.headers.get("location")).toContain(id);
    expect(id).not.toBe("one");
    expect((await hub.finish(id)).output).toEqual([
      "first",
      "second",
      { n: 1 },
    ]);
  });

  test("starts a finished instance under its own ID, and is refused a running one", async () => {
    const hub = openTestHub(app);
    const { post } = await serve(hub);
    await hub.start("wait", undefined, "one");
    const query = "restart?restartWithNewInstanceId=false";
    const refused = await post(`one/${query}`);
    expect(refused.status).toBe(409);
    expect(await refused.text()).toContain("already exists");
    await hub.raise("one", "go", 1);
    const { output } = await hub.finish("one");
    const before = hub.record("one").executionId;
    expect(output).toBe(1);
    expect((await post(`one/${query}`)).status).toBe(202);
    expect(hub.record("one").executionId).not.toBe(before);
    expect((await post(`nobody/${query}`)).status).toBe(400);
  });
});
