import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

import { afterEach, describe, expect, onTestFinished, test } from "vitest";

import { createManagementHandler } from "../../../local/durable/management.ts";
import { EventType } from "../../../local/durable/history-event.ts";
import type { WorkerPort } from "../../../local/worker-port.ts";
import { createDurableClient, systemKey } from "./support/durable-client.ts";
import { createSdkApp, df } from "./support/sdk-worker.ts";
import { serveManagement } from "./support/serve-management.ts";
import { openTestHub, startTime } from "./support/test-hub.ts";

const counter = (key: string) => new df.EntityId("Counter", key);

const app = createSdkApp(() => {
  df.app.activity("pause", { handler: () => null });
  df.app.entity("Counter", (context) => {
    const state = (context.df.getState(() => 0) ?? 0) as number;
    switch (context.df.operationName) {
      case "add":
        context.df.setState(state + (context.df.getInput<number>() ?? 1));
        break;
      case "get":
        context.df.return(state);
        break;
      case "set":
        context.df.setState(context.df.getInput<number>());
        break;
      case "addAndThrow":
        context.df.setState(state + 1);
        throw new Error("no more");
      case "forward":
        context.df.signalEntity(counter("other"), "add", state);
        break;
      case "delete":
        context.df.destructOnExit();
        break;
      default:
    }
  });
  df.app.orchestration("count", function* (context) {
    const id = counter("one");
    context.df.signalEntity(id, "add", 2);
    context.df.signalEntity(id, "add", 3);
    return yield context.df.callEntity(id, "get");
  });
  df.app.orchestration("failing", function* (context) {
    const id = counter("one");
    try {
      yield context.df.callEntity(id, "addAndThrow");
      return "no failure";
    } catch (error) {
      const state: number = yield context.df.callEntity(id, "get");
      return `${(error as Error).message}, state ${state}`;
    }
  });
  df.app.orchestration("callUnknown", function* (context) {
    return yield context.df.callEntity(new df.EntityId("nobody", "x"), "get");
  });
  df.app.orchestration("signalThenContinue", function* (context) {
    const left = Number(context.df.getInput());
    if (left === 0) return yield context.df.callEntity(counter("one"), "get");
    context.df.signalEntity(counter("one"), "add", 1);
    context.df.continueAsNew(left - 1);
    return undefined;
  });
  df.app.orchestration("raceWithEntity", function* (context) {
    const call = context.df.callEntity(counter("one"), "get");
    const event = context.df.waitForExternalEvent("go");
    yield context.df.Task.any([call, event]);
    return context.df.Task.all([call, event]) && (yield event);
  });
  // Reads, works for a while, and writes: only a lock keeps two of these from losing an update.
  df.app.orchestration("lockedIncrement", function* (context) {
    const keys = context.df.getInput<string[]>() ?? [];
    const entities = keys.map(counter);
    const lock = yield context.df.lock(entities);
    for (const entity of entities) {
      const value: number = yield context.df.callEntity(entity, "get");
      yield context.df.callActivity("pause");
      yield context.df.callEntity(entity, "set", value + 1);
    }
    lock.release();
    return context.df.isLocked().isLocked;
  });
  df.app.orchestration("lockAndEnd", function* (context) {
    yield context.df.lock(counter("one"));
    if (context.df.getInput() === "fail") throw new Error("with the lock");
    if (context.df.getInput() === "wait") {
      yield context.df.waitForExternalEvent("go");
    }
    return "ended";
  });
});

const servers: { close(): void }[] = [];
afterEach(() => {
  for (const server of servers.splice(0)) server.close();
});

async function openServedHub(door: "rpc" | "webhooks" = "rpc") {
  const hub = openTestHub(app);
  const served = await serveManagement(hub);
  servers.push(served);
  return {
    hub,
    client: createDurableClient(served.origin, door),
    call: (method: string, path: string, headers = {}, body?: string) =>
      fetch(`${served.origin}/durabletask/entities${path}`, {
        method,
        headers,
        ...(body !== undefined && { body }),
      }),
  };
}

const readCount = (hub: ReturnType<typeof openTestHub>, key: string) =>
  hub.engine.entities.readState({ name: "counter", key })?.state;

describe("an orchestration and its entities", () => {
  test("signals and a call arrive in order, and the call gets the result", async () => {
    const hub = openTestHub(app);
    const id = await hub.start("count");
    expect(await hub.finish(id)).toMatchObject({
      status: "Completed",
      output: 5,
    });
    expect(readCount(hub, "one")).toBe("5");
  });

  test("the history holds what was sent, and the answer as an event of the request's name", async () => {
    const hub = openTestHub(app);
    const id = await hub.start("count", undefined, "the-instance");
    await hub.finish(id);
    const events = hub.engine.client.exportHistory(id) ?? [];
    const { executionId } = hub.record(id);
    const sent = events.flatMap((event) =>
      event.EventType === EventType.EventSent
        ? [{ ...event, Input: JSON.parse(event.Input) as { id: string } }]
        : [],
    );
    const sender = { parent: "the-instance", parentExecution: executionId };
    const target = { InstanceId: "@counter@one", Name: "op" };
    expect(sent).toMatchObject([
      {
        ...target,
        EventId: 0,
        Input: { op: "add", signal: true, input: "2", ...sender },
      },
      {
        ...target,
        EventId: 1,
        Input: { op: "add", signal: true, input: "3", ...sender },
      },
      { ...target, EventId: 2, Input: { op: "get", ...sender } },
    ]);
    expect(sent[2]?.Input).not.toHaveProperty("signal");
    expect(events.map(({ EventType: type }) => type)).toEqual([
      12, 0, 14, 14, 14, 13, 12, 15, 1, 13,
    ]);
    expect(events[7]).toMatchObject({
      Name: sent[2]?.Input.id,
      Input: '{"result":"5"}',
    });
    expect(events[8]).toMatchObject({ EventId: 3 });
  });

  test("a failed operation fails its call as the SDK reports it, and keeps the state that it has set", async () => {
    const hub = openTestHub(app);
    const id = await hub.start("failing");
    expect((await hub.finish(id)).output).toBe("[object Object], state 1");
  });

  test("an entity that the app has not fails the orchestration by name", async () => {
    const hub = openTestHub(app);
    const id = await hub.start("callUnknown");
    const { status, output } = await hub.finish(id);
    expect(status).toBe("Failed");
    expect(output).toContain("The entity function 'nobody' does not exist");
  });

  test("signals of an execution that continues as new are sent", async () => {
    const hub = openTestHub(app);
    const id = await hub.start("signalThenContinue", 3);
    expect((await hub.finish(id)).output).toBe(3);
  });

  test("an answer that comes when the instance has ended is dropped", async () => {
    const hub = openTestHub(app);
    const id = await hub.start("raceWithEntity");
    await hub.raise(id, "go", "event");
    expect((await hub.finish(id)).output).toBe("event");
    await hub.settle();
    const left = hub.database
      .prepare(
        "SELECT (SELECT count(*) FROM th_message) + (SELECT count(*) FROM th_entity_message) AS n",
      )
      .get();
    expect(left).toEqual({ n: 0 });
  });

  test("a signal that is due later runs when it is, also after a restart", async () => {
    const due = new Date(startTime + 60_000).toISOString();
    const scheduling: WorkerPort = {
      ...app.worker,
      invokeOrchestrator: async () => ({
        kind: "state",
        state: JSON.stringify({
          isDone: true,
          schemaVersion: 3,
          actions: [
            [
              {
                actionType: 10,
                instanceId: "@counter@one",
                operation: "add",
                fireAt: due,
              },
            ],
          ],
        }),
      }),
    };
    const folder = mkdtempSync(join(tmpdir(), "nucleus-entities-"));
    onTestFinished(() => rmSync(folder, { recursive: true }));
    const file = join(folder, "hub.db");
    const hub = openTestHub(app, { worker: scheduling, file });
    const id = await hub.start("count");
    await hub.settle();
    expect(hub.record(id).status).toBe("Completed");
    expect(hub.engine.client.exportHistory(id)).toContainEqual(
      expect.objectContaining({ EventType: 14, Name: `op@${due}` }),
    );
    await hub.engine.drain();
    hub.close();
    const restarted = openTestHub(app, { file });
    await restarted.settle();
    expect(readCount(restarted, "one")).toBeUndefined();
    restarted.clock.advanceTo(startTime + 60_000);
    await restarted.settle();
    expect(readCount(restarted, "one")).toBe("1");
    restarted.close();
  });
});

describe("a lock", () => {
  test("keeps others out between a read and a write, over several entities in any order", async () => {
    const hub = openTestHub(app);
    const ids = await Promise.all(
      [["a", "b"], ["b", "a"], ["a"], ["b"], ["b", "a"]].map((keys) =>
        hub.start("lockedIncrement", keys),
      ),
    );
    for (const id of ids) {
      expect(await hub.finish(id)).toMatchObject({
        status: "Completed",
        output: false,
      });
    }
    expect([readCount(hub, "a"), readCount(hub, "b")]).toEqual(["4", "4"]);
  });

  test("takes one id, and its release one for each entity", async () => {
    const hub = openTestHub(app);
    const id = await hub.start("lockedIncrement", ["a", "b"]);
    await hub.finish(id);
    const sent = (hub.engine.client.exportHistory(id) ?? []).flatMap((event) =>
      event.EventType === EventType.EventSent ? [event] : [],
    );
    expect(sent[0]).toMatchObject({ EventId: 0, InstanceId: "@counter@a" });
    expect(JSON.parse(sent[0]?.Input ?? "")).toMatchObject({
      lockset: [
        { name: "counter", key: "a" },
        { name: "counter", key: "b" },
      ],
      pos: 0,
    });
    expect(
      sent.slice(-2).map(({ EventId, Name }) => ({ EventId, Name })),
    ).toEqual([
      { EventId: 7, Name: "release" },
      { EventId: 8, Name: "release" },
    ]);
  });

  test.each(["return", "fail"])(
    "is ended with its orchestration: %s",
    async (how) => {
      const hub = openTestHub(app);
      await hub.finish(await hub.start("lockAndEnd", how));
      const next = await hub.start("lockedIncrement", ["one"]);
      expect((await hub.finish(next)).status).toBe("Completed");
    },
  );

  test("is ended when its orchestration is terminated, and is not given to one that no longer waits", async () => {
    const hub = openTestHub(app);
    const holder = await hub.start("lockAndEnd", "wait");
    await hub.settle();
    const waiting = await hub.start("lockedIncrement", ["one"]);
    const after = await hub.start("lockedIncrement", ["one"]);
    await hub.settle();
    expect(hub.record(after).status).toBe("Running");
    await hub.engine.client.terminate(waiting, "not needed");
    await hub.settle();
    await hub.engine.client.terminate(holder, "not needed");
    expect((await hub.finish(after)).status).toBe("Completed");
    expect(readCount(hub, "one")).toBe("1");
  });
});

describe("an entity", () => {
  test("runs what waits for it as one batch", async () => {
    const sizes: number[] = [];
    const worker: WorkerPort = {
      ...app.worker,
      invokeEntity(name, payload) {
        const { batch } = JSON.parse(payload) as { batch: unknown[] };
        sizes.push(batch.length);
        return app.worker.invokeEntity(name, payload);
      },
    };
    const hub = openTestHub(app, { worker });
    const entity = { name: "counter", key: "x" };
    const signals = Array.from({ length: 120 }, () =>
      hub.engine.entities.signal({ entity, operation: "add" }),
    );
    await Promise.all(signals);
    await hub.settle();
    expect(readCount(hub, "x")).toBe("120");
    expect(sizes).toEqual([50, 50, 20]);
  });

  test("signals another one", async () => {
    const hub = openTestHub(app);
    const entity = { name: "counter", key: "x" };
    const { signal } = hub.engine.entities;
    await signal({ entity, operation: "add", input: "7" });
    await signal({ entity, operation: "forward" });
    await hub.settle();
    expect(readCount(hub, "other")).toBe("7");
  });

  test("runs its batch again when the worker was lost, and has its effect once", async () => {
    let losses = 2;
    const worker: WorkerPort = {
      ...app.worker,
      invokeEntity: async (name, payload) =>
        losses-- > 0
          ? { kind: "lost" }
          : app.worker.invokeEntity(name, payload),
    };
    const hub = openTestHub(app, { worker });
    const id = await hub.start("count");
    expect((await hub.finish(id)).output).toBe(5);
  });

  test("whose function cannot be run fails all operations of the batch", async () => {
    const worker: WorkerPort = {
      ...app.worker,
      invokeEntity: async () => ({ kind: "failed", message: "timed out" }),
    };
    const hub = openTestHub(app, { worker });
    const id = await hub.start("count");
    expect(await hub.finish(id)).toMatchObject({
      status: "Failed",
      output: "Orchestrator function 'count' failed: timed out",
    });
  });

  test("of which nothing is left has no row", async () => {
    const hub = openTestHub(app);
    const entity = { name: "counter", key: "x" };
    await hub.engine.entities.signal({ entity, operation: "add" });
    await hub.engine.entities.signal({ entity, operation: "delete" });
    await hub.settle();
    expect(readCount(hub, "x")).toBeUndefined();
    expect(
      hub.database.prepare("SELECT count(*) AS n FROM th_entity").get(),
    ).toEqual({ n: 0 });
  });
});

describe.each(["rpc", "webhooks"] as const)(
  "the SDK's client by %s",
  (door) => {
    test("signals an entity and reads its state, whatever the case of its name", async () => {
      const { hub, client } = await openServedHub(door);
      await client.signalEntity(counter("a"), "add", 4);
      await client.signalEntity(new df.EntityId("COUNTER", "a"), "add");
      await hub.settle();
      expect(await client.readEntityState(counter("a"))).toEqual({
        entityExists: true,
        entityState: 5,
      });
      expect(await client.readEntityState(counter("b"))).toMatchObject({
        entityExists: false,
      });
    });

    test("is refused an entity that the app has not", async () => {
      const { client } = await openServedHub(door);
      await expect(
        client.signalEntity(new df.EntityId("nobody", "a"), "add"),
      ).rejects.toThrow("status code: 400");
    });
  },
);

describe("the entity routes", () => {
  test.each(["/counter/a", "/counter"])(
    "answer GET %s once what was read is on disk",
    async (path) => {
      const disk = Promise.withResolvers<void>();
      let isSlow = false;
      const hub = openTestHub(app, {
        wrapLoop: (loop) => ({
          ...loop,
          committed: () => (isSlow ? disk.promise : loop.committed()),
        }),
      });
      const entity = { name: "counter", key: "a" };
      await hub.engine.entities.signal({ entity, operation: "add" });
      await hub.settle();
      isSlow = true;
      const handle = createManagementHandler({
        engine: hub.engine,
        systemKey,
        hubName: "TestHub",
        baseUrl: () => "http://127.0.0.1",
      });
      const url = `/durabletask/entities${path}`;
      const request = { method: "GET", url, headers: {} };
      const answer = handle({ ...request, body: Buffer.alloc(0) });
      const first = await Promise.race([
        answer,
        new Promise((resolve) => setImmediate(resolve, "waits")),
      ]);
      expect(first).toBe("waits");
      disk.resolve();
      expect((await answer)?.status).toBe(200);
    },
  );

  test("a body that is no JSON is the text itself, and DELETE is the operation of that name", async () => {
    const { hub, call } = await openServedHub();
    const json = { "content-type": "application/json" };
    expect((await call("POST", "/counter/a?op=set", {}, "word")).status).toBe(
      202,
    );
    await hub.settle();
    expect(await (await call("GET", "/counter/a")).json()).toBe("word");
    expect((await call("POST", "/counter/a?op=set", json, "{")).status).toBe(
      400,
    );
    expect((await call("DELETE", "/counter/a")).status).toBe(202);
    await hub.settle();
    expect((await call("GET", "/counter/a")).status).toBe(404);
  });

  test("list entities by name and time of the last operation, in pages, with their states where asked", async () => {
    const { hub, call } = await openServedHub();
    for (const key of ["a", "b", "c"]) {
      await call("POST", `/counter/${key}?op=add`);
    }
    await hub.settle();
    const first = await call("GET", "/counter?top=2&fetchState=true");
    expect(await first.json()).toEqual([
      {
        entityId: { name: "counter", key: "a" },
        lastOperationTime: new Date(startTime).toISOString(),
        state: 1,
      },
      expect.objectContaining({ entityId: { name: "counter", key: "b" } }),
    ]);
    const token = first.headers.get("x-ms-continuation-token") ?? "";
    const second = await call("GET", "/?top=2", {
      "x-ms-continuation-token": token,
    });
    expect(await second.json()).toMatchObject([
      { entityId: { name: "counter", key: "c" }, state: null },
    ]);
    expect(second.headers.get("x-ms-continuation-token")).toBeNull();
    const later = new Date(startTime + 1).toISOString();
    const none = await call("GET", `/?lastOperationTimeFrom=${later}`);
    expect(await none.json()).toEqual([]);
    expect((await call("GET", "/nobody")).status).toBe(200);
    expect((await call("GET", "/?lastOperationTimeTo=soon")).status).toBe(400);
  });
});

test("an operation runs in the trace of the orchestration that asked for it, and in none of a client's", async () => {
  const traces: (string | undefined)[] = [];
  const hub = openTestHub(app, {
    worker: {
      ...app.worker,
      invokeEntity(name, payload, traceparent) {
        traces.push(traceparent);
        return app.worker.invokeEntity(name, payload);
      },
    },
  });
  const traceparent = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01";
  await hub.engine.client.start({
    name: "signalThenContinue",
    input: "1",
    instanceId: "traced",
    trace: { traceparent },
  });
  await hub.finish("traced");
  expect(traces.length).toBeGreaterThan(0);
  expect(new Set(traces)).toEqual(new Set([traceparent]));
  const entity = { name: "counter", key: "by-hand" };
  await hub.engine.entities.signal({ entity, operation: "add" });
  await hub.settle();
  expect(traces.at(-1)).toBeUndefined();
});
