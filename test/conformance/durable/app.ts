import { createSdkApp, df } from "../../local/durable/support/sdk-worker.ts";

const day = 24 * 3_600_000;

/** One small orchestration for each thing whose history is laid down in `histories.test.ts`. */
export const app = createSdkApp(() => {
  df.app.activity("echo", { handler: (value: unknown) => value });
  df.app.activity("fail", {
    handler: () => {
      throw new Error("out of paper");
    },
  });
  df.app.entity("counter", (context) => {
    const count = (context.df.getState(() => 0) ?? 0) as number;
    if (context.df.operationName === "get") context.df.return(count);
    else context.df.setState(count + 1);
  });
  const left = new df.EntityId("counter", "left");
  const right = new df.EntityId("counter", "right");

  df.app.orchestration("sequence", function* (context) {
    yield context.df.callActivity("echo", "a");
    yield context.df.callActivity("echo", "b");
  });
  df.app.orchestration("fanOut", function* (context) {
    yield context.df.Task.all([
      context.df.callActivity("echo", "a"),
      context.df.callActivity("echo", "b"),
    ]);
    yield context.df.callActivity("echo", "c");
  });
  df.app.orchestration("exhaustedRetry", function* (context) {
    try {
      yield context.df.callActivityWithRetry(
        "fail",
        new df.RetryOptions(5000, 2),
      );
    } catch {
      yield context.df.callActivity("echo", "after");
    }
  });
  df.app.orchestration("cancelledTimer", function* (context) {
    const deadline = context.df.createTimer(
      new Date(context.df.currentUtcDateTime.getTime() + 60_000),
    );
    const work = context.df.callActivity("echo", "a");
    yield context.df.Task.any([work, deadline]);
    deadline.cancel();
  });
  df.app.orchestration("longTimer", function* (context) {
    yield context.df.createTimer(
      new Date(context.df.currentUtcDateTime.getTime() + 8 * day),
    );
  });
  df.app.orchestration("child", function* (context) {
    yield context.df.callActivity("echo", "in the child");
  });
  df.app.orchestration("parent", function* (context) {
    yield context.df.callSubOrchestrator("child");
    yield context.df.callSubOrchestrator("child", undefined, "named");
  });
  df.app.orchestration("continued", function* (context) {
    const rounds = Number(context.df.getInput() ?? 2);
    context.df.signalEntity(left, "add");
    yield context.df.callActivity("echo", rounds);
    if (rounds > 1) context.df.continueAsNew(rounds - 1);
  });
  df.app.orchestration("entities", function* (context) {
    context.df.signalEntity(left, "add");
    yield context.df.callEntity(left, "get");
    yield context.df.callActivity("echo", "after");
  });
  df.app.orchestration("lock", function* (context) {
    const lock = yield context.df.lock(right, left);
    yield context.df.callEntity(left, "get");
    lock.release();
    yield context.df.callActivity("echo", "after");
  });
  df.app.orchestration("lockLeftOpen", function* (context) {
    yield context.df.lock(left);
  });
  df.app.orchestration("firstFailure", function* (context) {
    try {
      yield context.df.Task.all([
        context.df.callActivity("fail"),
        context.df.callActivity("echo", "b"),
      ]);
    } catch {
      yield context.df.callActivity("echo", "after");
    }
  });
  df.app.orchestration("failingChild", function* (context) {
    yield context.df.callActivity("fail");
  });
  df.app.orchestration("retriedChild", function* (context) {
    yield context.df.callSubOrchestratorWithRetry(
      "failingChild",
      new df.RetryOptions(5000, 2),
      undefined,
      "the-child",
    );
  });
  for (const name of ["eventOrTimer", "suspendedEvent"])
    df.app.orchestration(name, function* (context) {
      const deadline = context.df.createTimer(
        new Date(context.df.currentUtcDateTime.getTime() + 60_000),
      );
      const event = context.df.waitForExternalEvent("go");
      yield context.df.Task.any([event, deadline]);
      deadline.cancel();
    });
  df.app.orchestration("bufferedEvents", function* (context) {
    yield context.df.waitForExternalEvent("first");
    const second: unknown = yield context.df.waitForExternalEvent("second");
    yield context.df.callActivity("echo", second);
  });
  df.app.orchestration("taskInTwoCompounds", function* (context) {
    const first = context.df.callActivity("echo", "first");
    const other = context.df.waitForExternalEvent("other");
    const slow = context.df.callSubOrchestrator("child", undefined, "slow");
    yield context.df.Task.any([first, slow, other]);
    yield context.df.Task.any([slow, other]);
  });
});
