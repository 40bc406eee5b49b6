import { describe, expect, test } from "vitest";

import { createVirtualClock } from "../../../local/durable/clock.ts";
import { createTestWorkerPort } from "../../../local/testing/test-worker-port.ts";
import { createSdkApp, df } from "./support/sdk-worker.ts";
import { openTestHub, startTime } from "./support/test-hub.ts";

const app = createSdkApp(() => {
  df.app.activity("echo", { handler: (value: unknown) => value });
  df.app.orchestration("snapshots", function* (context) {
    const seen = [context.df.isReplaying];
    for (const value of [1, 2, 3]) {
      yield context.df.callActivity("echo", value);
      seen.push(context.df.isReplaying);
    }
    return seen;
  });
  df.app.orchestration("fanOut", function* (context) {
    const before = context.df.isReplaying;
    yield context.df.Task.all(
      [1, 2, 3].map((value) => context.df.callActivity("echo", value)),
    );
    return [before, context.df.isReplaying];
  });
  df.app.orchestration("throws", function* (context) {
    yield context.df.callActivity("echo", 1);
    throw new Error(`replaying: ${context.df.isReplaying}`);
  });
});

describe.each(["strict", "compat"] as const)("in %s mode", (mode) => {
  test.each([
    ["snapshots", [true, true, true, false]],
    ["fanOut", [true, false]],
    ["throws", "Orchestrator function 'throws' failed: replaying: false"],
  ])(
    "%s ends with what it sees of isReplaying on Azure: only its last turn is no replay",
    async (name, expected) => {
      const hub = openTestHub(app, { mode });
      expect((await hub.finish(await hub.start(name))).output).toEqual(
        expected,
      );
      const clock = createVirtualClock(startTime);
      const worker = createTestWorkerPort(app.app, clock.now);
      const following = openTestHub(app, { mode, clock, worker });
      const id = await following.start(name);
      expect((await following.finish(id)).output).toEqual(expected);
    },
  );
});
