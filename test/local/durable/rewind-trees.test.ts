import { afterEach, describe, expect, test } from "vitest";

import { createSdkApp, df } from "./support/sdk-worker.ts";
import { openTestHub, type TestHub } from "./support/test-hub.ts";

/** What the activity does, as the tests set it. */
const world = { isBroken: true, calls: [] as string[] };
afterEach(() => {
  world.isBroken = true;
  world.calls = [];
});

const app = createSdkApp(() => {
  df.app.activity("fragile", {
    handler: (name: string) => {
      world.calls.push(name);
      if (world.isBroken) throw new Error(`${name} is broken`);
      return name;
    },
  });
  df.app.orchestration("leaf", function* (context) {
    return yield context.df.callActivity("fragile", context.df.getInput());
  });
  df.app.orchestration("branch", function* (context) {
    const name = String(context.df.getInput());
    return yield context.df.Task.all([
      context.df.callSubOrchestrator("leaf", `${name}1`, `${name}1`),
      context.df.callSubOrchestrator("leaf", `${name}2`, `${name}2`),
    ]);
  });
  df.app.orchestration("root", function* (context) {
    return yield context.df.callSubOrchestrator("branch", "b", "branch");
  });
  df.app.orchestration("continued", function* (context) {
    const round = Number(context.df.getInput());
    if (round < 2) {
      context.df.continueAsNew(round + 1);
      return undefined;
    }
    return yield context.df.callActivity("fragile", `round ${round}`);
  });
  df.app.orchestration("forgiving", function* (context) {
    try {
      yield context.df.callSubOrchestrator("leaf", "leaf", "leaf");
    } catch {
      const event: unknown = yield context.df.waitForExternalEvent("go");
      return ["went on", event];
    }
    return "nothing failed";
  });
});

const failed = async (
  hub: TestHub,
  name: string,
  input?: unknown,
): Promise<void> => {
  await hub.start(name, input, "the-instance");
  expect((await hub.finish("the-instance")).status).toBe("Failed");
  world.calls = [];
};

describe("rewind", () => {
  test("goes down a tree: each failed leaf runs again, and every level takes the result of the one below", async () => {
    const hub = openTestHub(app);
    await failed(hub, "root");
    world.isBroken = false;
    await hub.engine.client.rewind("the-instance", "mended");
    const { output } = await hub.finish("the-instance");
    expect(output).toEqual(["b1", "b2"]);
    expect(world.calls.toSorted()).toEqual(["b1", "b2"]);
    for (const id of ["branch", "b1", "b2"])
      expect(hub.record(id).status).toBe("Completed");
  });

  test("goes down a tree a second time, when it failed again", async () => {
    const hub = openTestHub(app);
    await failed(hub, "root");
    await hub.engine.client.rewind("the-instance", "in vain");
    expect((await hub.finish("the-instance")).status).toBe("Failed");
    world.isBroken = false;
    await hub.engine.client.rewind("the-instance", "mended");
    expect((await hub.finish("the-instance")).output).toEqual(["b1", "b2"]);
  });

  test("goes back in the last generation of an eternal orchestration only", async () => {
    const hub = openTestHub(app);
    await failed(hub, "continued", 0);
    const { executionId } = hub.record("the-instance");
    world.isBroken = false;
    await hub.engine.client.rewind("the-instance", "mended");
    expect((await hub.finish("the-instance")).output).toBe("round 2");
    expect(hub.record("the-instance").executionId).toBe(executionId);
    expect(world.calls).toEqual(["round 2"]);
  });

  test("of a child alone does not disturb a parent that has gone on", async () => {
    const hub = openTestHub(app);
    await hub.start("forgiving", undefined, "the-parent");
    expect((await hub.finish("leaf")).status).toBe("Failed");
    world.isBroken = false;
    await hub.engine.client.rewind("leaf", "mended");
    expect((await hub.finish("leaf")).status).toBe("Completed");
    await hub.settle();
    expect(hub.record("the-parent").status).toBe("Running");
    await hub.raise("the-parent", "go", 1);
    expect((await hub.finish("the-parent")).output).toEqual(["went on", 1]);
  });

  test("of a child alone leaves its failed parent failed, which can be rewound after it", async () => {
    const hub = openTestHub(app);
    await failed(hub, "branch", "b");
    world.isBroken = false;
    await hub.engine.client.rewind("b1", "mended");
    expect((await hub.finish("b1")).status).toBe("Completed");
    await hub.settle();
    expect(hub.record("the-instance").status).toBe("Failed");
    await hub.engine.client.rewind("the-instance", "mended");
    expect((await hub.finish("the-instance")).output).toEqual(["b1", "b2"]);
  });
});
