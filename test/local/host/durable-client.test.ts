import { readFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, afterEach, beforeAll, describe, expect, it } from "vitest";
import type { FixtureAppOptions } from "./support/fixture-app.ts";
import {
  bundledClientApp,
  installedClientApp,
  moduleClientApp,
} from "./support/durable-client-app.ts";
import { runCleanups, startFixtureHost } from "./support/start-fixture-host.ts";
import type { FixtureHost } from "./support/start-fixture-host.ts";
import { waitFor } from "./support/wait-for.ts";

interface Answer {
  readonly value?: unknown;
  readonly error?: string;
  readonly pid: number;
}

interface Status {
  readonly instanceId: string;
  readonly runtimeStatus: string;
  readonly [field: string]: unknown;
}

const post = (
  { httpUrl }: FixtureHost,
  path: string,
  body: unknown,
): Promise<Response> =>
  fetch(`${httpUrl}/api/${path}`, {
    method: "POST",
    body: JSON.stringify(body),
  });

/** Calls one operation of the app's durable client. */
async function callClient(
  host: FixtureHost,
  operation: string,
  ...args: unknown[]
): Promise<Answer> {
  const answer = await post(host, `client/${operation}`, args);
  return (await answer.json()) as Answer;
}

/** Resolves with the status once the instance has it. */
function untilStatus(
  host: FixtureHost,
  instanceId: string,
  runtimeStatus: string,
): Promise<Status> {
  return waitFor(async () => {
    const { value } = await callClient(host, "getStatus", instanceId);
    const status = value as Status | undefined;
    return status?.runtimeStatus === runtimeStatus ? status : undefined;
  });
}

async function connectionsOf({ httpUrl }: FixtureHost): Promise<number> {
  const answer = await fetch(`${httpUrl}/api/connections`);
  return (await answer.json()) as number;
}

/** A body of two megabytes goes through the door whatever the others do. */
const onlyLong = [1, 1] as const;
const doors: readonly {
  readonly door: string;
  readonly createApp: () => FixtureAppOptions | Promise<FixtureAppOptions>;
  /** How many HTTP requests the app sends in all: at least, and at most. */
  readonly connections: readonly [number, number];
}[] = [
  {
    door: "the channel of its worker",
    createApp: installedClientApp,
    connections: onlyLong,
  },
  {
    door: "the channel, where the app is an ES module",
    createApp: moduleClientApp,
    connections: onlyLong,
  },
  {
    door: "the RPC door, where the app is bundled",
    createApp: bundledClientApp,
    connections: [200, Infinity],
  },
];

describe.each(doors)(
  "the durable client over $door",
  ({ createApp, connections: [atLeast, atMost] }) => {
    const cleanups: (() => Promise<void> | void)[] = [];
    let host: FixtureHost;
    beforeAll(async () => {
      host = await startFixtureHost(await createApp(), cleanups);
    });
    afterAll(() => runCleanups(cleanups));
    const call = (operation: string, ...args: unknown[]): Promise<Answer> =>
      callClient(host, operation, ...args);

    it("starts an instance with an input in any script, and reads how it ended", async () => {
      const input = { text: "Grüße, 世界 🌍", numbers: [1, 2.5, null] };
      expect(
        await call("startNew", "echo", { instanceId: "echo-1", input }),
      ).toMatchObject({ value: "echo-1" });
      expect(await untilStatus(host, "echo-1", "Completed")).toMatchObject({
        name: "echo",
        input,
        output: input,
      });
    });

    it("starts an instance under an id of the host's, without an input", async () => {
      const { value: id } = await call("startNew", "echo");
      expect(id).toMatch(/^[0-9a-f-]{32,36}$/);
      expect(await untilStatus(host, id as string, "Completed")).toMatchObject({
        output: "",
      });
    });

    it("passes an input of two megabytes", async () => {
      const input = "ä".repeat(1024 * 1024);
      await call("startNew", "echo", { instanceId: "long", input });
      const { output } = await untilStatus(host, "long", "Completed");
      expect(output === input).toBe(true);
    });

    it("says why a start is refused", async () => {
      const unknown = await call("startNew", "nobody");
      expect(unknown.error).toContain("unexpected status code: 400");
      expect(unknown.error).toContain("'nobody' does not exist in this app");
      await call("startNew", "wait", { instanceId: "twice" });
      const twice = await call("startNew", "wait", { instanceId: "twice" });
      expect(twice.error).toContain("unexpected status code: 409");
      expect(twice.error).toContain("already exists");
    });

    it("reads what runs, and rejects for what is unknown", async () => {
      await call("startNew", "wait", { instanceId: "wait-1", input: 1 });
      const status = await untilStatus(host, "wait-1", "Running");
      expect(status).toMatchObject({ input: 1, output: null });
      const { error } = await call("getStatus", "nobody");
      expect(error).toContain("HTTP 404");
    });

    it("raises an event, which ends the wait", async () => {
      await call("startNew", "wait", { instanceId: "event" });
      await untilStatus(host, "event", "Running");
      expect(
        await call("raiseEvent", "event", "go", { to: "Ü" }),
      ).not.toHaveProperty("error");
      expect(await untilStatus(host, "event", "Completed")).toMatchObject({
        output: { to: "Ü" },
      });
      // 410: an event that comes too late is no error.
      expect(await call("raiseEvent", "event", "go", 1)).not.toHaveProperty(
        "error",
      );
      expect((await call("raiseEvent", "nobody", "go", 1)).error).toBe(
        "No instance with ID 'nobody' found.",
      );
    });

    it("suspends, resumes and terminates", async () => {
      await call("startNew", "wait", { instanceId: "control" });
      await untilStatus(host, "control", "Running");
      await call("suspend", "control", "a rest");
      await untilStatus(host, "control", "Suspended");
      await call("resume", "control", "go on");
      await untilStatus(host, "control", "Running");
      await call("terminate", "control", "enough of & it");
      await untilStatus(host, "control", "Terminated");
      expect(await call("terminate", "control", "again")).not.toHaveProperty(
        "error",
      );
      expect((await call("suspend", "nobody", "why")).error).toBe(
        "No instance with ID 'nobody' found.",
      );
    });

    it("rewinds what failed, and nothing else", async () => {
      await call("startNew", "fail", { instanceId: "rewound" });
      await untilStatus(host, "rewound", "Failed");
      await call("rewind", "rewound", "heal");
      expect(await untilStatus(host, "rewound", "Completed")).toMatchObject({
        output: "healed",
      });
      expect((await call("rewind", "rewound", "again")).error).toContain(
        'only orchestrations in the "Failed" state can be rewound',
      );
    });

    it("waits for an end, or answers the links", async () => {
      await call("startNew", "echo", { instanceId: "waited", input: [1] });
      const options = {
        timeoutInMilliseconds: 10_000,
        retryIntervalInMilliseconds: 10,
      };
      const ended = await post(host, "waited/waited", options);
      expect(ended.status).toBe(200);
      expect(await ended.json()).toEqual([1]);
      await call("startNew", "wait", { instanceId: "waiting" });
      const waiting = await post(host, "waited/waiting", {
        timeoutInMilliseconds: 1,
        retryIntervalInMilliseconds: 1,
      });
      expect(waiting.status).toBe(202);
      expect(await waiting.json()).toMatchObject({ id: "waiting" });
    });

    it("lists by status and time, all pages of it", async () => {
      const createdTimeFrom = new Date().toISOString();
      const ids = Array.from({ length: 120 }, (_, n) => `page-${n}`);
      await Promise.all(
        ids.map((instanceId) => call("startNew", "wait", { instanceId })),
      );
      for (const id of ids) await untilStatus(host, id, "Running");
      const { value } = await call("getStatusBy", {
        createdTimeFrom,
        runtimeStatus: ["Running"],
      });
      const found = (value as Status[]).map(({ instanceId }) => instanceId);
      expect(found.toSorted()).toEqual(ids.toSorted());
      const all = (await call("getStatusAll")).value as Status[];
      expect(all.length).toBeGreaterThanOrEqual(120);
    });

    it("purges one instance, and by time", async () => {
      await call("startNew", "echo", { instanceId: "purged" });
      await untilStatus(host, "purged", "Completed");
      expect((await call("purgeInstanceHistory", "purged")).value).toEqual({
        instancesDeleted: 1,
      });
      expect((await call("purgeInstanceHistory", "purged")).value).toEqual({
        instancesDeleted: 0,
      });
      const createdTimeFrom = new Date().toISOString();
      await call("startNew", "echo", { instanceId: "purged-later" });
      await untilStatus(host, "purged-later", "Completed");
      const filter = { createdTimeFrom, runtimeStatus: ["Completed"] };
      expect((await call("purgeInstanceHistoryBy", filter)).value).toEqual({
        instancesDeleted: 1,
      });
    });

    it("signals an entity and reads its state", async () => {
      const id = { entity: "ä b" };
      expect((await call("readEntityState", id)).value).toEqual({
        entityExists: false,
      });
      await call("signalEntity", id, "add", 3);
      await call("signalEntity", id, "add", 4);
      const state = await waitFor(async () => {
        const { value } = await call("readEntityState", id);
        const { entityState } = value as { entityState?: number };
        return entityState === 7 ? value : undefined;
      });
      expect(state).toEqual({ entityExists: true, entityState: 7 });
    });

    it("works after its invocation has ended", async () => {
      expect((await post(host, "later/later", null)).status).toBe(202);
      await waitFor(async () => {
        const { value } = await call("getStatus", "later");
        return (value as Status | undefined)?.runtimeStatus === "Completed"
          ? value
          : undefined;
      });
    });

    it("has sent as many HTTP requests for all that as this way needs", async () => {
      const connections = await connectionsOf(host);
      expect(connections).toBeGreaterThanOrEqual(atLeast);
      expect(connections).toBeLessThanOrEqual(atMost);
    });
  },
);

describe("the channel of a worker", () => {
  const cleanups: (() => Promise<void> | void)[] = [];
  afterEach(() => runCleanups(cleanups));

  it("answers what the app asks while it ends", async () => {
    const host = await startFixtureHost(installedClientApp(), cleanups);
    await post(host, "remember", null);
    await host.stop();
    const file = join(host.app.scriptRoot, "last-answer");
    expect(readFileSync(file, "utf8")).toMatch(
      /^(DurableClient error|The operation failed)/,
    );
  });

  it("is its own beside that of another, and its successor has one too", async () => {
    const host = await startFixtureHost(installedClientApp(), cleanups, {
      settings: { FUNCTIONS_WORKER_PROCESS_COUNT: "2" },
    });
    const startMany = async (prefix: string): Promise<ReadonlySet<number>> => {
      const ids = Array.from({ length: 20 }, (_, n) => `${prefix}-${n}`);
      const answers = await Promise.all(
        ids.map((instanceId) =>
          callClient(host, "startNew", "echo", { instanceId }),
        ),
      );
      expect(answers.map(({ value }) => value)).toEqual(ids);
      return new Set(answers.map(({ pid }) => pid));
    };
    const untilBoth = (prefix: string): Promise<ReadonlySet<number>> => {
      let round = 0;
      return waitFor(async () => {
        round += 1;
        const pids = await startMany(`${prefix}-${round}`);
        return pids.size === 2 ? pids : undefined;
      });
    };
    const before = await untilBoth("before");
    // A worker that ends says first what it asks, and is gone when the answer comes.
    expect((await post(host, "vanish/last-words", null)).status).toBe(503);
    await untilStatus(host, "last-words", "Completed");
    const after = await untilBoth("after");
    expect(after).not.toEqual(before);
    expect(await connectionsOf(host)).toBe(0);
  });
});
