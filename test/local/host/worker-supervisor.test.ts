import { readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterEach, describe, expect, it } from "vitest";
import type { FixtureAppOptions } from "./support/fixture-app.ts";
import { cjsApp as cjs, runCleanups } from "./support/start-fixture-host.ts";
import { echo, startWorker } from "./support/start-worker.ts";

const cleanups: (() => Promise<void> | void)[] = [];
afterEach(() => runCleanups(cleanups));

const start = (options: FixtureAppOptions): ReturnType<typeof startWorker> =>
  startWorker(options, cleanups);

describe("invoking", () => {
  it("runs the hooks around the function, which may change inputs, result and error", async () => {
    const { call } = await start(
      cjs(`
app.hook.appStart((context) => { context.hookData.never = true; });
app.hook.preInvocation((context) => { context.inputs = [context.inputs[0] + 1]; });
app.hook.postInvocation((context) => {
  if (context.error) { context.error = null; context.result = "healed"; }
  else context.result += 1;
});
df.app.activity("add", { handler: (n) => n + 10 });
df.app.activity("fail", { handler: () => { throw new Error("x"); } });`),
    );
    expect(await call("add", 1)).toEqual({
      kind: "completed",
      returnValue: { int: 13 },
    });
    expect(await call("fail", 1)).toEqual({
      kind: "completed",
      returnValue: { string: "healed" },
    });
  });

  it("reports a thrown error with its class and code", async () => {
    const { call } = await start(
      cjs(`df.app.activity("fail", { handler: () => {
  throw Object.assign(new TypeError("the text"), { code: "E_CODE" });
} });`),
    );
    expect(await call("fail")).toMatchObject({
      kind: "failed",
      error: { name: "TypeError", code: "E_CODE", message: "the text" },
    });
  });

  it("passes context.log and console output on as the app's own lines", async () => {
    const { call, logged, lines } = await start(
      cjs(`df.app.activity("talk", { handler: (_, context) => {
  context.warn("by context %d", 1);
  console.log("by console");
} });
app.hook.log((context) => { context.message = context.message.toUpperCase(); });`),
    );
    const output = logged("app-output");
    await call("talk");
    expect((await output).message).toBe("by console");
    expect(lines.find(({ event }) => event === "app-log")).toMatchObject({
      level: "warning",
      message: "BY CONTEXT 1",
      functionName: "talk",
    });
  });

  it("answers timeout for a function that takes too long, and keeps the worker", async () => {
    const { call, supervisor } = await start(
      cjs(
        `df.app.activity("slow", { handler: () => new Promise(() => {}) }); ${echo}`,
      ),
    );
    const [pid] = supervisor.workerPids();
    expect(await call("slow", 1, 50)).toEqual({ kind: "timeout" });
    expect(await call("echo", 1)).toMatchObject({ kind: "completed" });
    expect(supervisor.workerPids()).toEqual([pid]);
  });
});

describe("a worker whose event loop is blocked", () => {
  it("is killed and replaced once an invocation ran out of time", async () => {
    const { call, lines } = await start(
      cjs(
        `df.app.activity("block", { handler: () => { for (;;); } }); ${echo}`,
      ),
    );
    expect(await call("block", 1, 50)).toEqual({ kind: "timeout" });
    // It was sent to the blocked worker, which is then killed.
    expect(await call("echo", 1)).toEqual({ kind: "lost" });
    expect(await call("echo", 1)).toMatchObject({ kind: "completed" });
    expect(lines.map(({ event }) => event)).toContain("worker-unresponsive");
  });
});

describe("a worker that dies", () => {
  it("loses what was under way; what comes next waits for the new worker", async () => {
    const { call, supervisor, logged } = await start(
      cjs(
        `df.app.activity("hang", { handler: (_, context) => new Promise(() => context.log("in")) }); ${echo}`,
      ),
    );
    const [pid = 0] = supervisor.workerPids();
    const entered = logged("app-log");
    const hanging = call("hang");
    await entered;
    process.kill(pid, "SIGKILL");
    expect(await hanging).toEqual({ kind: "lost" });
    expect(await call("echo", 1)).toMatchObject({ kind: "completed" });
    expect(supervisor.workerPids()).not.toEqual([pid]);
  });

  it("by an uncaught exception logs its class, not its text", async () => {
    const { call, lines } = await start(
      cjs(`df.app.activity("crash", { handler: () => new Promise(() => {
  setImmediate(() => { throw Object.assign(new RangeError("secret words"), { code: "E_CRASH" }); });
}) }); ${echo}`),
    );
    expect(await call("crash")).toEqual({ kind: "lost" });
    expect(await call("echo")).toMatchObject({ kind: "completed" });
    expect(lines).toContainEqual(
      expect.objectContaining({
        event: "worker-crashed",
        errorName: "RangeError",
        errorCode: "E_CRASH",
      }),
    );
    expect(JSON.stringify(lines)).not.toContain("secret words");
  });

  it("at once, again and again, is replaced with growing delays", async () => {
    const { call, lines, scriptRoot, supervisor, logged } = await start(
      cjs(
        `if (require("node:fs").existsSync(__dirname + "/broken")) process.exit(9); ${echo}`,
      ),
    );
    writeFileSync(join(scriptRoot, "broken"), "");
    process.kill(supervisor.workerPids()[0] ?? 0, "SIGKILL");
    await logged("worker-load-failed");
    await logged("worker-load-failed");
    rmSync(join(scriptRoot, "broken"));
    expect(await call("echo", 1)).toMatchObject({ kind: "completed" });
    const delays = lines
      .filter(({ event }) => event === "worker-restarting")
      .map(({ delayMs }) => delayMs);
    expect(delays).toEqual([0, 250, 500]);
  });

  it("is not needed to stop: the appTerminate hooks run when it lives", async () => {
    const { supervisor, scriptRoot } = await start(
      cjs(
        `app.hook.appTerminate(() => require("node:fs").writeFileSync(__dirname + "/ended", "yes")); ${echo}`,
      ),
    );
    await supervisor.stop(5000);
    expect(readFileSync(join(scriptRoot, "ended"), "utf8")).toBe("yes");
  });
});
