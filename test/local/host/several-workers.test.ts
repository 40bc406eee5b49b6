import { existsSync, writeFileSync } from "node:fs";
import { request as sendRequest } from "node:http";
import type { IncomingMessage } from "node:http";
import { join } from "node:path";
import { text } from "node:stream/consumers";
import { afterEach, describe, expect, it } from "vitest";
import type { HostOptions } from "../../../local/host/start-host.ts";
import { createFixtureApp } from "./support/fixture-app.ts";
import { isAlive, readRuntime, spawnHost } from "./support/spawn-host.ts";
import {
  cjsApp,
  runCleanups,
  startFixtureHost,
  startHostOf,
} from "./support/start-fixture-host.ts";
import type { FixtureHost } from "./support/start-fixture-host.ts";
import { waitFor, waitForFile, waitForStatus } from "./support/wait-for.ts";

const cleanups: (() => Promise<void> | void)[] = [];
afterEach(() => runCleanups(cleanups));

/** Functions that say who runs them, and that stay until they are let go. */
const common = `const fs = require("node:fs");
const { setTimeout: delay } = require("node:timers/promises");
const file = (name) => __dirname + "/" + name;
const until = async (name) => { while (!fs.existsSync(file(name))) await delay(10); };
app.get("pid", () => ({ jsonBody: process.pid }));
app.get("hold", async () => {
  fs.writeFileSync(file("entered-" + process.pid), "");
  await until("release");
  return { jsonBody: process.pid };
});
`;

/** A host with two workers, both loaded. */
async function startTwo(
  source: string,
  { hostJson, ...options }: Partial<HostOptions> & { hostJson?: object } = {},
): Promise<FixtureHost> {
  const host = await startFixtureHost(
    cjsApp(common + source, hostJson),
    cleanups,
    { ...options, settings: { FUNCTIONS_WORKER_PROCESS_COUNT: "2" } },
  );
  await untilAnswered(host, host.workerPids);
  return host;
}

async function untilAnswered(
  host: { readonly httpUrl: string },
  pids: readonly number[],
): Promise<void> {
  const missing = new Set(pids);
  await waitFor(async () => {
    missing.delete(await pidOf(host));
    return missing.size === 0 || undefined;
  });
}

async function pidOf({
  httpUrl,
}: {
  readonly httpUrl: string;
}): Promise<number> {
  const answer = await fetch(`${httpUrl}/api/pid`);
  return answer.ok ? ((await answer.json()) as number) : 0;
}

const release = (host: FixtureHost): void =>
  writeFileSync(join(host.app.scriptRoot, "release"), "");

/** One held request in each worker, by the worker's id. */
async function holdBoth(
  host: FixtureHost,
): Promise<ReadonlyMap<number, Promise<Response>>> {
  const held = new Map<number, Promise<Response>>();
  for (const _ of host.workerPids) {
    const answer = fetch(`${host.httpUrl}/api/hold`);
    const pid = await waitFor(() =>
      Promise.resolve(
        host.workerPids.find(
          (found) =>
            !held.has(found) &&
            existsSync(join(host.app.scriptRoot, `entered-${found}`)),
        ),
      ),
    );
    held.set(pid, answer);
  }
  return held;
}

describe("a host with two workers", () => {
  it("tells of both wherever it tells of its workers", async () => {
    const host = await startTwo("");
    expect(new Set(host.workerPids).size).toBe(2);
    expect(readRuntime(host.app.home).workerPids).toEqual(host.workerPids);
    const status = await fetch(
      `${host.httpUrl}/admin/host/status?code=${host.masterKey}`,
    );
    expect(await status.json()).toMatchObject({ workerPids: host.workerPids });
  });

  it("gives both the settings that are known only once the first has loaded the app", async () => {
    const host = await startTwo(
      `app.get("bus", () => ({ jsonBody: [process.pid, process.env.OtherBus + process.env.FUNCTIONS_WORKER_PROCESS_COUNT] }));
app.serviceBusQueue("take", { connection: "OtherBus", queueName: "work", handler: () => {} });`,
      { queues: [{ name: "work" }] },
    );
    const told = new Map<number, string>();
    await waitFor(async () => {
      const answer = await fetch(`${host.httpUrl}/api/bus`);
      told.set(...((await answer.json()) as [number, string]));
      return told.size === 2 || undefined;
    });
    const settings = `${host.serviceBusConnectionString}2`;
    expect([...told.values()]).toEqual([settings, settings]);
  });

  it("one is killed: its request is 503, the other's completes, and a successor comes", async () => {
    const host = await startTwo("");
    const held = await holdBoth(host);
    const [[killed, lost] = [], [other, kept] = []] = held;
    process.kill(killed ?? 0, "SIGKILL");
    expect((await lost)?.status).toBe(503);
    expect(await pidOf(host)).toBe(other);
    release(host);
    expect(await (await kept)?.json()).toBe(other);
    await waitFor(() =>
      Promise.resolve(
        (host.workerPids.length === 2 &&
          !host.workerPids.includes(killed ?? 0)) ||
          undefined,
      ),
    );
    await untilAnswered(host, host.workerPids);
    expect(readRuntime(host.app.home).workerPids).toEqual(host.workerPids);
  });

  it("one calls process.exit again and again: the other serves, and the engine goes on", async () => {
    const host = await startTwo(`
app.get("exit", () => process.exit(7));
df.app.activity("slow", { handler: async () => {
  fs.writeFileSync(file("slow"), "");
  await until("release");
  return "done";
} });
df.app.orchestration("job", function* (context) { return yield context.df.callActivity("slow"); });
`);
    const started = await fetch(
      `${host.httpUrl}/runtime/webhooks/durabletask/orchestrators/job?code=${host.systemKey}`,
      { method: "POST" },
    );
    const { statusQueryGetUri } = (await started.json()) as {
      statusQueryGetUri: string;
    };
    await waitForFile(join(host.app.scriptRoot, "slow"));
    for (let n = 0; n < 3; n += 1) {
      expect((await fetch(`${host.httpUrl}/api/exit`)).status).toBe(503);
      expect(await pidOf(host)).toBeGreaterThan(0);
    }
    release(host);
    const { output } = await waitForStatus(statusQueryGetUri, "Completed");
    expect(output).toBe("done");
  });

  it("one never yields: requests go on at the other, and functionTimeout ends the one", async () => {
    const host = await startTwo(
      `app.get("block", () => { fs.writeFileSync(file("blocked"), String(process.pid)); for (;;); });`,
      { hostJson: { version: "2.0", functionTimeout: "00:00:06" } },
    );
    const pids = host.workerPids;
    const blocked = fetch(`${host.httpUrl}/api/block`);
    await waitForFile(join(host.app.scriptRoot, "blocked"));
    const answered = new Set<number>();
    for (let n = 0; n < 20; n += 1) answered.add(await pidOf(host));
    expect(answered.size).toBe(1);
    expect((await blocked).status).toBe(500);
    const stuck = pids.find((pid) => !answered.has(pid)) ?? 0;
    await waitFor(() => Promise.resolve(isAlive(stuck) ? undefined : true));
    await waitFor(async () =>
      pids.includes(await pidOf(host)) ? undefined : true,
    );
    expect(host.workerPids).toEqual(
      expect.arrayContaining([...answered] as number[]),
    );
  });

  it("lets what is under way in both finish before it stops", async () => {
    const host = await startTwo("");
    const held = await holdBoth(host);
    const pids = host.workerPids;
    const stopped = host.stop();
    release(host);
    const answers = await Promise.all(
      [...held.values()].map(async (answer) => (await answer).json()),
    );
    expect(answers).toEqual([...held.keys()]);
    await stopped;
    expect(pids.some(isAlive)).toBe(false);
  });
});

describe("streamed requests", () => {
  it("go to the worker that has their invocation", async () => {
    const host = await startTwo(`
app.setup({ enableHttpStream: true });
app.post("echo", async (request) => ({
  headers: { "x-pid": String(process.pid) },
  body: request.body,
}));
`);
    const answers = await Promise.all(
      Array.from({ length: 12 }, async (_, n) => {
        const sent = `${n} `.repeat(50_000);
        const answer = await new Promise<IncomingMessage>((resolve, reject) => {
          sendRequest(`${host.httpUrl}/api/echo`, { method: "POST" })
            .once("response", resolve)
            .once("error", reject)
            .end(sent);
        });
        expect(await text(answer)).toBe(sent);
        return Number(answer.headers["x-pid"]);
      }),
    );
    expect(new Set(answers)).toEqual(new Set(host.workerPids));
  });
});

describe("a killed host with two workers that are blocked", () => {
  it("leaves both behind, and the next host ends both", async () => {
    const app = createFixtureApp(
      cjsApp(
        `${common} app.get("block", () => { fs.writeFileSync(file("blocked-" + process.pid), ""); for (;;); });`,
      ),
    );
    cleanups.push(app.remove);
    const first = await spawnHost(app, cleanups, 2);
    const pids = await waitFor(() => {
      const { workerPids } = readRuntime(app.home);
      return Promise.resolve(workerPids.length === 2 ? workerPids : undefined);
    });
    cleanups.push(() => {
      for (const pid of pids) if (isAlive(pid)) process.kill(pid, "SIGKILL");
    });
    await untilAnswered(first.runtime, pids);
    const blocked = pids.map(() =>
      fetch(`${first.runtime.httpUrl}/api/block`).catch(() => "closed"),
    );
    for (const pid of pids)
      await waitForFile(join(app.scriptRoot, `blocked-${pid}`));
    await first.end("SIGKILL");
    await Promise.all(blocked);
    expect(pids.every(isAlive)).toBe(true);
    const next = await startHostOf(app, cleanups);
    await waitFor(() => Promise.resolve(pids.some(isAlive) ? undefined : true));
    expect(next.workerPids).not.toEqual(expect.arrayContaining([...pids]));
  });
});

describe("the setting FUNCTIONS_WORKER_PROCESS_COUNT", () => {
  it("refuses the start with one line when it is malformed", async () => {
    await expect(
      startFixtureHost(cjsApp(common), cleanups, {
        settings: { FUNCTIONS_WORKER_PROCESS_COUNT: "many" },
      }),
    ).rejects.toMatchObject({
      name: "HostStartError",
      message:
        "The setting FUNCTIONS_WORKER_PROCESS_COUNT must be a whole number from 1 to 10.",
    });
  });
});
