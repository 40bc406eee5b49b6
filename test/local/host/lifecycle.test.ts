import { existsSync, readFileSync, statSync } from "node:fs";
import { join } from "node:path";
import { afterEach, describe, expect, it } from "vitest";
import { createFixtureApp } from "./support/fixture-app.ts";
import { isAlive, readRuntime, spawnHost } from "./support/spawn-host.ts";
import {
  cjsApp,
  runCleanups,
  startFixtureHost,
  startHostOf,
} from "./support/start-fixture-host.ts";
import { waitFor, waitForFile, waitForStatus } from "./support/wait-for.ts";

const cleanups: (() => Promise<void> | void)[] = [];
afterEach(() => runCleanups(cleanups));

const hello = `app.get("hello", () => ({ body: "hello" }));`;

const mode = (file: string): number => statSync(file).mode & 0o777;

describe("a running host", () => {
  it("describes itself in runtime.json, which only its owner may read", async () => {
    const host = await startFixtureHost(cjsApp(hello), cleanups);
    const { home } = host.app;
    expect(readRuntime(home)).toEqual({
      httpUrl: host.httpUrl,
      pid: process.pid,
      workerPids: host.workerPids,
      serviceBusConnectionString: host.serviceBusConnectionString,
      systemKey: host.systemKey,
      masterKey: host.masterKey,
    });
    expect(mode(join(home, "runtime.json"))).toBe(0o600);
    expect(mode(join(home, "system-key"))).toBe(0o600);
    expect(mode(join(home, "secrets/host.json"))).toBe(0o600);
    expect(mode(home)).toBe(0o700);
  });

  it("gives the worker its settings: the caller's above local.settings.json, the host's own on top", async () => {
    const host = await startFixtureHost(
      {
        files: {
          "app.cjs": `const { app } = require("@azure/functions");
const seen = { ...process.env };
app.get("env", () => ({ jsonBody: seen }));`,
          "local.settings.json": JSON.stringify({
            Values: { A: "file", B: "file" },
          }),
        },
      },
      cleanups,
      { settings: { B: "caller" }, serviceBusSettings: ["BUS"] },
    );
    const answer = await fetch(`${host.httpUrl}/api/env`);
    expect(await answer.json()).toMatchObject({
      A: "file",
      B: "caller",
      BUS: host.serviceBusConnectionString,
      WEBSITE_HOSTNAME: new URL(host.httpUrl).host,
      FUNCTIONS_WORKER_RUNTIME: "node",
      AZURE_FUNCTIONS_ENVIRONMENT: "Development",
    });
  });

  it("runs a timer at its start where runOnStartup says so", async () => {
    const host = await startFixtureHost(
      cjsApp(
        `app.timer("tick", { schedule: "0 0 0 1 1 *", runOnStartup: true, handler: (timer) => {
  const fs = require("node:fs");
  fs.writeFileSync(__dirname + "/running", JSON.stringify(timer));
  fs.renameSync(__dirname + "/running", __dirname + "/ran");
} });`,
      ),
      cleanups,
    );
    const file = join(host.app.scriptRoot, "ran");
    await waitForFile(file);
    expect(JSON.parse(readFileSync(file, "utf8"))).toMatchObject({
      isPastDue: false,
      schedule: { adjustForDST: true },
    });
  });

  it("keeps its system key over a restart", async () => {
    const host = await startFixtureHost(cjsApp(hello), cleanups);
    await host.stop();
    const again = await startHostOf(host.app, cleanups);
    expect(again.systemKey).toBe(host.systemKey);
  });
});

describe("stopping", () => {
  it("lets what is under way finish, then leaves nothing behind", async () => {
    const host = await startFixtureHost(
      cjsApp(
        `app.get("slow", async () => {
  require("node:fs").writeFileSync(__dirname + "/entered", "");
  await new Promise((resolve) => setTimeout(resolve, 300));
  return { body: "done" };
});`,
      ),
      cleanups,
    );
    const [pid = 0] = host.workerPids;
    const slow = fetch(`${host.httpUrl}/api/slow`);
    await waitForFile(join(host.app.scriptRoot, "entered"));
    const stopped = host.stop();
    expect(host.stop()).toBe(stopped);
    expect(await (await slow).text()).toBe("done");
    await stopped;
    expect(isAlive(pid)).toBe(false);
    expect(existsSync(join(host.app.home, "runtime.json"))).toBe(false);
    await expect(fetch(`${host.httpUrl}/`)).rejects.toThrow("fetch failed");
    await startHostOf(host.app, cleanups);
  });

  it("takes at most ten seconds when a function never ends", async () => {
    const host = await startFixtureHost(
      cjsApp(
        `app.get("never", () => { require("node:fs").writeFileSync(__dirname + "/entered", ""); return new Promise(() => {}); });`,
      ),
      cleanups,
    );
    const hanging = fetch(`${host.httpUrl}/api/never`).catch(() => "closed");
    await waitForFile(join(host.app.scriptRoot, "entered"));
    const startedAt = performance.now();
    await host.stop();
    expect(performance.now() - startedAt).toBeLessThan(10_000);
    await hanging;
  });

  it("by SIGTERM ends the process and its worker", async () => {
    const app = createFixtureApp(cjsApp(hello));
    cleanups.push(app.remove);
    const host = await spawnHost(app, cleanups);
    expect(await host.end("SIGTERM")).toBe(0);
    expect(host.runtime.workerPids.some(isAlive)).toBe(false);
  });
});

describe("kill -9 of the host", () => {
  it("ends its worker, and the next host completes what was running", async () => {
    const app = createFixtureApp(
      cjsApp(`const fs = require("node:fs");
df.app.activity("slow", { handler: async () => {
  if (fs.existsSync(__dirname + "/entered")) return "second";
  fs.writeFileSync(__dirname + "/entered", "");
  await new Promise(() => {});
} });
df.app.orchestration("job", function* (context) {
  const first = yield context.df.callActivity("slow");
  return [context.df.instanceId, first];
});`),
    );
    cleanups.push(app.remove);
    const first = await spawnHost(app, cleanups);
    const instance = (httpUrl: string, path: string): string =>
      `${httpUrl}/runtime/webhooks/durabletask/${path}?code=${first.runtime.systemKey}`;
    const started = await fetch(
      instance(first.runtime.httpUrl, "orchestrators/job/job-1"),
      { method: "POST" },
    );
    expect(started.status).toBe(202);
    await waitForFile(join(app.scriptRoot, "entered"));
    await first.end("SIGKILL");
    const [worker = 0] = first.runtime.workerPids;
    await waitFor(() => Promise.resolve(isAlive(worker) ? undefined : true));

    const second = await spawnHost(app, cleanups);
    const status = await waitForStatus(
      instance(second.runtime.httpUrl, "instances/job-1"),
      "Completed",
    );
    expect(status["output"]).toEqual(["job-1", "second"]);
    expect(await second.end("SIGTERM")).toBe(0);
  });
});

describe("a worker that a killed host left behind", () => {
  it("because its event loop is blocked is ended by the next host", async () => {
    const app = createFixtureApp(
      cjsApp(
        `app.get("block", () => { require("node:fs").writeFileSync(__dirname + "/entered", ""); for (;;); });`,
      ),
    );
    cleanups.push(app.remove);
    const first = await spawnHost(app, cleanups);
    const [pid = 0] = first.runtime.workerPids;
    cleanups.push(() => {
      if (isAlive(pid)) process.kill(pid, "SIGKILL");
    });
    const blocked = fetch(`${first.runtime.httpUrl}/api/block`).catch(
      () => "closed",
    );
    await waitForFile(join(app.scriptRoot, "entered"));
    await first.end("SIGKILL");
    await blocked;
    expect(isAlive(pid)).toBe(true);
    const next = await startHostOf(app, cleanups);
    await waitFor(() => Promise.resolve(isAlive(pid) ? undefined : true));
    expect(next.workerPids).not.toContain(pid);
  });
});
