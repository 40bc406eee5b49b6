import { existsSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterEach, describe, expect, it } from "vitest";
import type { FixtureAppOptions } from "./support/fixture-app.ts";
import { cjsApp as cjs, runCleanups } from "./support/start-fixture-host.ts";
import { echo, startWorker } from "./support/start-worker.ts";
import { waitFor } from "./support/wait-for.ts";

const cleanups: (() => Promise<void> | void)[] = [];
afterEach(() => runCleanups(cleanups));

const start = (
  options: FixtureAppOptions,
  count = 1,
): ReturnType<typeof startWorker> =>
  startWorker(options, cleanups, undefined, count);

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

  it("has answered what it finished before it exits", async () => {
    const { call } = await start(
      cjs(`${echo}
df.app.activity("exit", { handler: async () => {
  for (let hop = 0; hop < 100; hop += 1) await undefined;
  process.exit(3);
} });`),
    );
    const [finished, exited] = await Promise.all([
      call("echo", 1),
      call("exit"),
    ]);
    expect(finished.kind).toBe("completed");
    expect(exited.kind).toBe("lost");
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

describe("two workers", () => {
  const pid = `df.app.activity("pid", { handler: () => process.pid });`;
  const hang = `df.app.activity("hang", { handler: (_, context) => new Promise(() => context.log(String(process.pid))) });`;

  const pidOf = async (
    outcome: ReturnType<Awaited<ReturnType<typeof start>>["call"]>,
  ): Promise<unknown> => {
    const settled = await outcome;
    return settled.kind === "completed"
      ? settled.returnValue?.int
      : settled.kind;
  };

  it("have their own globals and take what comes in turn", async () => {
    const { call, supervisor } = await start(
      cjs(
        `let calls = 0; df.app.activity("count", { handler: () => (calls += 1) });`,
      ),
      2,
    );
    expect(supervisor.workerPids()).toHaveLength(2);
    const counts = [];
    for (let n = 0; n < 6; n += 1) counts.push(await pidOf(call("count")));
    expect(counts).toEqual([1, 1, 2, 2, 3, 3]);
  });

  it("an affinity keeps to one of them, until that one is gone", async () => {
    const { call, supervisor } = await start(cjs(pid), 2);
    const ask = (): Promise<unknown> =>
      pidOf(call("pid", 1, undefined, "instance"));
    const had = await ask();
    expect([await ask(), await ask(), await ask()]).toEqual([had, had, had]);
    process.kill(Number(had), "SIGKILL");
    const other = supervisor.workerPids().find((found) => found !== had);
    let next = await ask();
    // What was sent before the end was noticed is lost with the worker.
    while (next === "lost") next = await ask();
    expect(next).toBe(other);
  });

  it("one that is killed loses what it had, and nothing of the other", async () => {
    const { call, logged, supervisor } = await start(
      cjs(`${pid} df.app.activity("slow", { handler: async (_, context) => {
  context.log(String(process.pid));
  await new Promise((resolve) => setTimeout(resolve, 600));
  return process.pid;
} });`),
      2,
    );
    const outcomes = [];
    const entered = [];
    for (let n = 0; n < 2; n += 1) {
      const line = logged("app-log");
      outcomes.push(call("slow"));
      entered.push(Number((await line).message));
    }
    const [killed = 0, other] = entered;
    process.kill(killed, "SIGKILL");
    expect(await outcomes[0]).toEqual({ kind: "lost" });
    expect(await pidOf(call("pid"))).toBe(other);
    expect(await pidOf(outcomes[1] ?? call("pid"))).toBe(other);
    expect(supervisor.workerPids()).not.toContain(killed);
  });

  it("one that never yields gets nothing new, though the other has more to do, and is replaced at its invocation's time", async () => {
    const { call, lines, logged, supervisor } = await start(
      cjs(`${pid}${hang}
df.app.activity("nap", { handler: () => new Promise((resolve) => setTimeout(() => resolve(process.pid), 400)) });
df.app.activity("block", { handler: (_, context) => { context.log("in"); for (;;); } });`),
      2,
    );
    const entered = logged("app-log");
    const blocked = call("block", 1, 1500);
    await entered;
    const other = await pidOf(call("nap"));
    const hanging = [];
    for (let n = 0; n < 3; n += 1) {
      const line = logged("app-log");
      hanging.push(call("hang"));
      expect((await line).message).toBe(String(other));
    }
    expect(await pidOf(call("pid"))).toBe(other);
    expect(await blocked).toEqual({ kind: "timeout" });
    await waitFor(async () =>
      (await pidOf(call("pid"))) === other ? undefined : true,
    );
    expect(supervisor.workerPids()).toContain(other);
    expect(
      lines.filter(({ event }) => event === "worker-unresponsive"),
    ).toHaveLength(1);
    await supervisor.stop(0);
    expect(
      new Set((await Promise.all(hanging)).map(({ kind }) => kind)),
    ).toEqual(new Set(["lost"]));
  });

  it("one that works long without yielding is spared, and keeps its work", async () => {
    const { call, lines, supervisor } = await start(
      cjs(`${pid} df.app.activity("busy", { handler: () => {
  const end = Date.now() + 1200;
  while (Date.now() < end);
  return process.pid;
} });`),
      2,
    );
    const pids = supervisor.workerPids();
    const busy = call("busy");
    for (let n = 0; n < 20; n += 1) await call("pid");
    expect(pids).toContain(await pidOf(busy));
    expect(supervisor.workerPids()).toEqual(pids);
    expect(lines.map(({ event }) => event)).not.toContain(
      "worker-unresponsive",
    );
  });

  it("both dead: what comes waits for the first that is back", async () => {
    const { call, supervisor, logged } = await start(cjs(`${hang}${echo}`), 2);
    const outcomes = [];
    for (let n = 0; n < 2; n += 1) {
      const line = logged("app-log");
      outcomes.push(call("hang"));
      await line;
    }
    for (const worker of supervisor.workerPids())
      process.kill(worker, "SIGKILL");
    expect(await Promise.all(outcomes)).toEqual([
      { kind: "lost" },
      { kind: "lost" },
    ]);
    expect(await call("echo", 1)).toMatchObject({ kind: "completed" });
  });

  it("one of another app than the first is reported", async () => {
    const { lines } = await start(
      cjs(`const fs = require("node:fs");
if (fs.existsSync(__dirname + "/loaded")) df.app.activity("more", { handler: () => 1 });
fs.writeFileSync(__dirname + "/loaded", "");
${echo}`),
      2,
    );
    expect(lines.map(({ event }) => event)).toContain("app-changed");
  });

  it("one that cannot load the app is tried again while the other serves", async () => {
    const { call, lines, logged, scriptRoot, supervisor } = await start(
      cjs(`const fs = require("node:fs");
if (fs.existsSync(__dirname + "/loaded") && !fs.existsSync(__dirname + "/mended")) process.exit(9);
fs.writeFileSync(__dirname + "/loaded", "");
${pid}`),
      2,
    );
    const [first] = supervisor.workerPids();
    expect(await pidOf(call("pid"))).toBe(first);
    await logged("worker-load-failed");
    writeFileSync(join(scriptRoot, "mended"), "");
    await waitFor(async () =>
      (await pidOf(call("pid"))) === first ? undefined : true,
    );
    expect(supervisor.workerPids()).toHaveLength(2);
    expect(lines.map(({ event }) => event)).not.toContain("worker-ended");
  });

  it("both run their appTerminate hooks when the host stops, and what waited is lost", async () => {
    const { supervisor, scriptRoot, call } = await start(
      cjs(
        `app.hook.appTerminate(() => require("node:fs").writeFileSync(__dirname + "/ended-" + process.pid, "")); ${echo}`,
      ),
      2,
    );
    const pids = supervisor.workerPids();
    await supervisor.stop(5000);
    for (const ended of pids)
      expect(existsSync(join(scriptRoot, `ended-${ended}`))).toBe(true);
    expect(await call("echo")).toEqual({ kind: "lost" });
  });
});
