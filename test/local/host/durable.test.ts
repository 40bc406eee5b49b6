import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { afterEach, describe, expect, it } from "vitest";
import {
  cjsApp,
  runCleanups,
  startFixtureHost,
} from "./support/start-fixture-host.ts";
import { waitForFile, waitForStatus } from "./support/wait-for.ts";

const cleanups: (() => Promise<void> | void)[] = [];
afterEach(() => runCleanups(cleanups));

const starter = `
app.http("start", {
  methods: ["POST"],
  route: "start/{name}/{id?}",
  extraInputs: [df.input.durableClient()],
  handler: async (request, context) => {
    const client = df.getClient(context);
    const text = await request.text();
    const instanceId = await client.startNew(request.params.name, {
      input: text === "" ? undefined : JSON.parse(text),
      ...(request.params.id ? { instanceId: request.params.id } : {}),
    });
    return client.createCheckStatusResponse(request, instanceId);
  },
});
app.http("raise", {
  route: "raise/{id}",
  extraInputs: [df.input.durableClient()],
  handler: async (request, context) => {
    await df.getClient(context).raiseEvent(request.params.id, "go", "now");
    return { status: 202 };
  },
});`;

describe("an orchestration", () => {
  it("that yields a task in two compounds fails with a message that names it", async () => {
    const host = await startFixtureHost(
      cjsApp(`${starter}
df.app.activity("quick", { handler: () => "done" });
df.app.orchestration("child", function* (context) {
  yield context.df.waitForExternalEvent("never");
});
df.app.orchestration("twice", function* (context) {
  const quick = context.df.callActivity("quick");
  const slow = context.df.callSubOrchestrator("child");
  yield context.df.Task.any([quick, slow]);
  yield context.df.Task.any([slow, context.df.waitForExternalEvent("go")]);
});`),
      cleanups,
    );
    const started = await fetch(`${host.httpUrl}/api/start/twice/job-2`, {
      method: "POST",
    });
    const links = (await started.json()) as Record<string, string>;
    const status = await waitForStatus(
      links["statusQueryGetUri"] ?? "",
      "Failed",
    );
    expect(status["output"]).toContain(
      "The task 'child' was yielded in two compounds",
    );
  });

  it("starts through the durable client and completes, with management links of the public door", async () => {
    const host = await startFixtureHost(
      cjsApp(`${starter}
df.app.activity("greet", { handler: (name, context) => "Hello " + name + " of " + context.triggerMetadata.instanceId });
df.app.orchestration("hello", function* (context) {
  const names = context.df.getInput();
  const answers = yield context.df.Task.all(names.map((name) => context.df.callActivity("greet", name)));
  const event = yield context.df.waitForExternalEvent("go");
  return [...answers, event];
});`),
      cleanups,
    );
    const started = await fetch(`${host.httpUrl}/api/start/hello/job-1`, {
      method: "POST",
      body: JSON.stringify(["Ada", "Bo"]),
    });
    expect(started.status).toBe(202);
    const links = (await started.json()) as Record<string, string>;
    expect(links["statusQueryGetUri"]).toContain(
      `${host.httpUrl}/runtime/webhooks/durabletask/instances/job-1?`,
    );
    await fetch(`${host.httpUrl}/api/raise/job-1`);
    const status = await waitForStatus(
      links["statusQueryGetUri"] ?? "",
      "Completed",
    );
    expect(status["output"]).toEqual([
      "Hello Ada of job-1",
      "Hello Bo of job-1",
      "now",
    ]);
  });

  it("sees an activity's error and retries it", async () => {
    const host = await startFixtureHost(
      cjsApp(`${starter}
let calls = 0;
df.app.activity("flaky", { handler: () => {
  calls += 1;
  if (calls < 3) throw new Error("try " + calls);
  return calls;
} });
df.app.activity("broken", { handler: () => { throw new Error("never"); } });
df.app.orchestration("retrying", function* (context) {
  const calls = yield context.df.callActivityWithRetry("flaky", new df.RetryOptions(1, 5));
  try { yield context.df.callActivity("broken"); } catch (error) { return { calls, error: error.message }; }
});
df.app.orchestration("failing", function* () { throw new Error("gives up"); });`),
      cleanups,
    );
    const start = async (name: string): Promise<string> => {
      const answer = await fetch(`${host.httpUrl}/api/start/${name}`, {
        method: "POST",
      });
      const links = (await answer.json()) as Record<string, string>;
      return links["statusQueryGetUri"] ?? "";
    };
    const status = await waitForStatus(await start("retrying"), "Completed");
    expect(status["output"]).toMatchObject({
      calls: 3,
      error: expect.stringContaining(
        "Activity function 'broken' failed:  never",
      ) as string,
    });
    const failed = await waitForStatus(await start("failing"), "Failed");
    expect(failed["output"]).toContain("gives up");
  });

  it("calls and locks an entity, which the durable client signals and reads", async () => {
    const host = await startFixtureHost(
      cjsApp(`${starter}
df.app.entity("counter", (context) => {
  const count = context.df.getState(() => 0);
  if (context.df.operationName === "add") context.df.setState(count + context.df.getInput());
  else context.df.return(count);
});
const id = new df.EntityId("counter", "one");
df.app.orchestration("job", function* (context) {
  const lock = yield context.df.lock(id);
  const before = yield context.df.callEntity(id, "get");
  yield context.df.callEntity(id, "add", 2);
  lock.release();
  return [before, yield context.df.callEntity(id, "get")];
});
app.http("count", {
  methods: ["GET", "POST"],
  extraInputs: [df.input.durableClient()],
  handler: async (request, context) => {
    const client = df.getClient(context);
    if (request.method === "POST") await client.signalEntity(id, "add", 5);
    return { jsonBody: await client.readEntityState(id) };
  },
});`),
      cleanups,
    );
    const count = async (method: string): Promise<unknown> =>
      (await fetch(`${host.httpUrl}/api/count`, { method })).json();
    await count("POST");
    const answer = await fetch(`${host.httpUrl}/api/start/job`, {
      method: "POST",
    });
    const links = (await answer.json()) as Record<string, string>;
    const status = await waitForStatus(
      links["statusQueryGetUri"] ?? "",
      "Completed",
    );
    expect(status["output"]).toEqual([5, 7]);
    expect(await count("GET")).toEqual({ entityExists: true, entityState: 7 });
  });

  it("completes although the worker is killed in the middle of its activity", async () => {
    const host = await startFixtureHost(
      cjsApp(`${starter}
const fs = require("node:fs");
const mark = (name) => __dirname + "/" + name;
df.app.activity("slow", { handler: async () => {
  if (fs.existsSync(mark("entered"))) return "second";
  fs.writeFileSync(mark("entered"), String(process.pid));
  await new Promise(() => {});
} });
df.app.orchestration("job", function* (context) { return yield context.df.callActivity("slow"); });`),
      cleanups,
    );
    const answer = await fetch(`${host.httpUrl}/api/start/job`, {
      method: "POST",
    });
    const links = (await answer.json()) as Record<string, string>;
    const [pid = 0] = host.workerPids;
    await waitForFile(join(host.app.scriptRoot, "entered"));
    process.kill(pid, "SIGKILL");
    const status = await waitForStatus(
      links["statusQueryGetUri"] ?? "",
      "Completed",
    );
    expect(status["output"]).toBe("second");
    expect(host.workerPids).not.toContain(pid);
    const runtime = JSON.parse(
      readFileSync(join(host.app.home, "runtime.json"), "utf8"),
    ) as { workerPids: number[] };
    expect(runtime.workerPids).toEqual(host.workerPids);
  });

  it("keeps its management links behind the system key, and the RPC door behind its path", async () => {
    const host = await startFixtureHost(
      cjsApp(`${starter}
df.app.orchestration("job", function* () { return 1; });
app.get("binding", { extraInputs: [df.input.durableClient()], handler: (_, context) => ({
  body: new URL(df.getClient(context).clientData.rpcBaseUrl).href,
}) });`),
      cleanups,
    );
    const base = `${host.httpUrl}/runtime/webhooks/durabletask/instances`;
    expect((await fetch(`${base}/x`)).status).toBe(401);
    expect((await fetch(`${base}/x?code=${host.systemKey}`)).status).toBe(404);
    const rpc = await (await fetch(`${host.httpUrl}/api/binding`)).text();
    expect((await fetch(new URL("instances/?top=1", rpc))).status).toBe(200);
    const guessed = new URL("/durabletask/instances/?top=1", rpc);
    expect((await fetch(guessed)).status).toBe(404);
    expect(existsSync(join(host.app.home, "runtime.json"))).toBe(true);
  });
});
