import { expect, test } from "vitest";

import { createSdkApp, df } from "./support/sdk-worker.ts";
import { openTestHub } from "./support/test-hub.ts";

const app = createSdkApp(() => {
  df.app.activity("fail", {
    handler: () => {
      throw new Error("out of paper");
    },
  });
  df.app.orchestration("unknownActivity", function* (context) {
    return yield context.df.callActivity("nowhere");
  });
  df.app.orchestration("unknownOrchestrator", function* (context) {
    return yield context.df.callSubOrchestrator("nowhere");
  });
  df.app.orchestration("unknownEntity", function* (context) {
    const id = new df.EntityId("nowhere", "a");
    context.df.signalEntity(id, "add");
    return yield context.df.callEntity(id, "get");
  });
  df.app.orchestration("impatientRetry", function* (context) {
    const options = new df.RetryOptions(60_000, 5);
    options.retryTimeoutInMilliseconds = 30_000;
    return yield context.df.callActivityWithRetry("fail", options);
  });
  // oxlint-disable-next-line require-yield -- what it throws is what is tested
  df.app.orchestration("textThrown", function* () {
    // oxlint-disable-next-line typescript/only-throw-error
    throw "out of paper";
  });
});

const hanging = [
  "unknownActivity",
  "unknownOrchestrator",
  "unknownEntity",
  "impatientRetry",
  "textThrown",
];

test.each(hanging)(
  "compat: %s hangs as on Azure, and is logged",
  async (name) => {
    const hub = openTestHub(app, { mode: "compat" });
    const id = await hub.start(name);
    expect((await hub.finish(id)).status).toBe("Running");
    expect(hub.logged).toContainEqual(expect.stringContaining("may never end"));
    await hub.engine.client.terminate(id, "seen enough");
    expect((await hub.finish(id)).status).toBe("Terminated");
  },
);

test.each(hanging)("strict: %s fails with what happened", async (name) => {
  const hub = openTestHub(app);
  const { status, output } = await hub.finish(await hub.start(name));
  expect(status).toBe("Failed");
  expect(output).toMatch(
    /does not exist in this app|retryTimeoutInMilliseconds|Throw an Error/,
  );
});
