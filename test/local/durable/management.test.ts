import { afterEach, beforeEach, describe, expect, test } from "vitest";

import { createManagementHandler } from "../../../local/durable/management.ts";
import type { DurableClient as Client } from "durable-functions";
import { createDurableClient, systemKey } from "./support/durable-client.ts";
import { createSdkApp, df } from "./support/sdk-worker.ts";
import {
  serveManagement,
  type ServedManagement,
} from "./support/serve-management.ts";
import { openTestHub, startTime, type TestHub } from "./support/test-hub.ts";

const app = createSdkApp(() => {
  df.app.activity("greet", { handler: (name: string) => `Hello ${name}` });
  df.app.orchestration("hello", function* (context) {
    context.df.setCustomStatus({ greeting: true });
    return yield context.df.callActivity("greet", context.df.getInput());
  });
  df.app.orchestration("wait", function* (context) {
    return yield context.df.waitForExternalEvent("go");
  });
  df.app.orchestration("race", function* (context) {
    const { df: durable } = context;
    const child = durable.callSubOrchestrator("wait", 1, "child");
    const soon = new Date(durable.currentUtcDateTime.getTime() + 1000);
    yield durable.Task.all([child, durable.createTimer(soon)]);
  });
  df.app.orchestration("broken", function* (context) {
    yield context.df.callActivity("greet", "x");
    throw new Error("no luck");
  });
});

let hub: TestHub;
let served: ServedManagement;

beforeEach(async () => {
  hub = openTestHub(app);
  served = await serveManagement(hub);
});

afterEach(() => served.close());

function createClient(door: "rpc" | "webhooks"): Client {
  return createDurableClient(served.origin, door);
}

async function call(
  method: string,
  path: string,
  body?: string,
  headers: Record<string, string> = { "content-type": "application/json" },
) {
  const response = await fetch(`${served.origin}/durabletask/${path}`, {
    method,
    headers,
    ...(body !== undefined && { body }),
  });
  const text = await response.text();
  return {
    status: response.status,
    headers: response.headers,
    body: text === "" ? undefined : (JSON.parse(text) as unknown),
  };
}

describe.each(["rpc", "webhooks"] as const)(
  "the SDK's client by %s",
  (door) => {
    test("starts an instance and reads its status, input, output and times", async () => {
      const client = createClient(door);
      const id = await client.startNew("hello", {
        instanceId: "one",
        input: "Ada",
      });
      expect(id).toBe("one");
      await hub.settle();
      const status = await client.getStatus("one", { showInput: true });
      expect(status).toMatchObject({
        name: "hello",
        instanceId: "one",
        runtimeStatus: "Completed",
        input: "Ada",
        output: "Hello Ada",
        customStatus: { greeting: true },
        createdTime: new Date(startTime),
      });
    });

    test("starts without input and without an ID", async () => {
      const client = createClient(door);
      const id = await client.startNew("wait");
      expect(id).toMatch(/^[0-9a-f]{32}$/);
      // The SDK sends a JSON text of "" where there is no input.
      expect((await client.getStatus(id)).input).toBe("");
    });

    test("is refused a second instance of a running ID", async () => {
      const client = createClient(door);
      await client.startNew("wait", { instanceId: "one" });
      await expect(
        client.startNew("wait", { instanceId: "one" }),
      ).rejects.toThrow(/status code: 409.*already exists/);
    });

    test("raises events, and takes a finished instance for success", async () => {
      const client = createClient(door);
      await client.startNew("wait", { instanceId: "one" });
      await client.raiseEvent("one", "go", { n: 1 });
      await hub.settle();
      expect((await client.getStatus("one")).output).toEqual({ n: 1 });
      await client.raiseEvent("one", "go", 2);
      await expect(client.raiseEvent("nobody", "go", 1)).rejects.toThrow(
        "No instance with ID 'nobody' found.",
      );
    });

    test.each(["日本 ü", "50% off", "a&b=c", "100%25"])(
      "knows the instance %s by its ID, and its links lead there",
      async (instanceId) => {
        const client = createClient(door);
        const links = await call(
          "POST",
          `orchestrators/wait/${encodeURIComponent(instanceId)}`,
        );
        expect(links).toMatchObject({ status: 202, body: { id: instanceId } });
        await hub.settle();
        const location = links.headers.get("location") ?? "";
        expect(await (await fetch(location)).json()).toMatchObject({
          instanceId,
          runtimeStatus: "Running",
        });
        const asked = encodeURIComponent(instanceId);
        expect((await client.getStatus(asked)).instanceId).toBe(instanceId);
      },
    );

    test("a plus sign in an ID or in the name of an event is a blank, as on Azure", async () => {
      const client = createClient(door);
      expect(await client.startNew("wait", { instanceId: "a+b" })).toBe("a b");
      await hub.settle();
      expect((await client.getStatus("a+b")).instanceId).toBe("a b");
    });

    test("is refused a running instance's purge", async () => {
      const client = createClient(door);
      await client.startNew("wait", { instanceId: "one" });
      await hub.settle();
      await expect(client.purgeInstanceHistory("one")).rejects.toThrow(
        /status code: 412.*instance ID one has status Running/,
      );
    });

    test("suspends, resumes and terminates", async () => {
      const client = createClient(door);
      await client.startNew("wait", { instanceId: "one" });
      await hub.settle();
      await client.suspend("one", "hold");
      await hub.settle();
      expect((await client.getStatus("one")).runtimeStatus).toBe("Suspended");
      await client.resume("one", "go on");
      await hub.settle();
      await client.terminate("one", "enough");
      await hub.settle();
      expect(await client.getStatus("one")).toMatchObject({
        runtimeStatus: "Terminated",
        output: "enough",
      });
      await client.terminate("one", "again");
    });

    test("lists all pages, filters and purges", async () => {
      const client = createClient(door);
      for (let index = 0; index < 120; index += 1) {
        await hub.start("hello", "x", `id-${index}`);
      }
      await client.startNew("wait", { instanceId: "waiting" });
      await hub.settle();
      expect(await client.getStatusAll()).toHaveLength(121);
      const running = await client.getStatusBy({
        runtimeStatus: [df.OrchestrationRuntimeStatus.Running],
      });
      expect(running.map(({ instanceId }) => instanceId)).toEqual(["waiting"]);
      expect(await client.purgeInstanceHistory("id-0")).toEqual({
        instancesDeleted: 1,
      });
      expect(await client.purgeInstanceHistory("id-0")).toEqual({
        instancesDeleted: 0,
      });
      expect(
        await client.purgeInstanceHistoryBy({
          createdTimeFrom: new Date(startTime),
          createdTimeTo: new Date(startTime + 1000),
          runtimeStatus: [df.OrchestrationRuntimeStatus.Completed],
        }),
      ).toEqual({ instancesDeleted: 119 });
    });
  },
);

test("a start answers 202 with the links, and only once the instance is on disk", async () => {
  const started = await call("POST", "orchestrators/hello/one", '"Ada"');
  expect(started.status).toBe(202);
  expect(started.headers.get("retry-after")).toBe("10");
  const links = started.body as Record<string, string>;
  expect(links["id"]).toBe("one");
  expect(started.headers.get("location")).toBe(links["statusQueryGetUri"]);
  await hub.settle();
  expect((await fetch(links["statusQueryGetUri"] ?? "")).status).toBe(200);
});

test("the public path needs the system key, in the query or in a header", async () => {
  const url = `${served.origin}/runtime/webhooks/durabletask/instances/`;
  const key = encodeURIComponent(systemKey);
  expect((await fetch(url)).status).toBe(401);
  expect((await fetch(`${url}?code=wrong`)).status).toBe(401);
  expect((await fetch(`${url}?code=${key}`)).status).toBe(200);
  const headers = { "x-functions-key": systemKey };
  expect((await fetch(url, { headers })).status).toBe(200);
});

test.each([
  ["an unknown orchestrator", "orchestrators/nowhere", "1"],
  ["malformed JSON", "orchestrators/hello", "{"],
  ["an instance ID with a control character", "orchestrators/hello/a%01", "1"],
])("%s is a bad start", async (_name, path, body) => {
  expect((await call("POST", path, body)).status).toBe(400);
});

test("a running instance answers 202 with where to look again", async () => {
  await hub.start("wait", 1, "one");
  const { status, headers, body } = await call("GET", "instances/one");
  expect(status).toBe(202);
  expect(headers.get("retry-after")).toBe("5");
  expect(headers.get("location")).toContain("/instances/one?taskHub=TestHub");
  expect(body).toMatchObject({
    createdTime: "2026-01-01T00:00:00Z",
    input: 1,
    output: null,
    customStatus: null,
  });
});

test("where to look again is as detailed as the first look was", async () => {
  await hub.start("wait", 1, "one");
  const path = "instances/one?showHistory=true&showInput=false";
  const location = (await call("GET", path)).headers.get("location") ?? "";
  const again = (await (await fetch(location)).json()) as object;
  expect(again).toMatchObject({ input: null });
  expect(again).toHaveProperty("historyEvents");
});

test("links lead to the host that the caller has asked", async () => {
  const handle = createManagementHandler({
    engine: hub.engine,
    systemKey,
    hubName: "TestHub",
    baseUrl: () => "http://127.0.0.1:7071",
  });
  const start = async (host: string, base = "/runtime/webhooks/durabletask") =>
    (
      await handle({
        method: "POST",
        url: `${base}/orchestrators/wait?code=${encodeURIComponent(systemKey)}`,
        headers: { host },
        body: Buffer.alloc(0),
      })
    )?.headers["location"];
  expect(await start("app.example:8080")).toMatch(
    /^http:\/\/app\.example:8080\/runtime\/webhooks\/durabletask\/instances\//,
  );
  expect(await start("not a/host")).toMatch(/^http:\/\/127\.0\.0\.1:7071\//);
  // The door of the durable client is nobody else's.
  expect(await start("127.0.0.1:17071", "/durabletask")).toMatch(
    /^http:\/\/127\.0\.0\.1:7071\/runtime\//,
  );
});

test("a failed instance answers 200, or 500 where the caller asks for it", async () => {
  await hub.start("broken", 1, "one");
  await hub.settle();
  expect(await call("GET", "instances/one")).toMatchObject({
    status: 200,
    body: { output: "Orchestrator function 'broken' failed: no luck" },
  });
  const flag = "returnInternalServerErrorOnFailure=true";
  expect((await call("GET", `instances/one?${flag}`)).status).toBe(500);
});

test("showInput=false leaves the input out", async () => {
  await hub.start("wait", "secret", "one");
  const { body } = await call("GET", "instances/one?showInput=false");
  expect(body).toMatchObject({ input: null });
});

test("the history joins what was scheduled with how it ended", async () => {
  await hub.start("hello", "Ada", "one");
  await hub.settle();
  const timestamp = "2026-01-01T00:00:00.000Z";
  const read = async (query: string) =>
    (
      (await call("GET", `instances/one?showHistory=true${query}`)).body as {
        historyEvents: unknown;
      }
    ).historyEvents;
  expect(await read("&showHistoryOutput=true")).toEqual([
    {
      EventType: "ExecutionStarted",
      Timestamp: timestamp,
      FunctionName: "hello",
      // The text itself, as on Azure.
      Input: '"Ada"',
    },
    {
      EventType: "TaskCompleted",
      Timestamp: timestamp,
      FunctionName: "greet",
      ScheduledTime: timestamp,
      Result: "Hello Ada",
    },
    {
      EventType: "ExecutionCompleted",
      Timestamp: timestamp,
      OrchestrationStatus: "Completed",
      Result: "Hello Ada",
    },
  ]);
  expect(JSON.stringify(await read("&showInput=false"))).not.toContain("Ada");
});

test("the history holds a timer's beginning and its end, and what has not ended by its name", async () => {
  await hub.start("race", 1, "one");
  await hub.settle();
  hub.clock.advanceTo(startTime + 1000);
  await hub.settle();
  const { body } = await call("GET", "instances/one?showHistory=true");
  const { historyEvents } = body as {
    historyEvents: Record<string, unknown>[];
  };
  const begun = "2026-01-01T00:00:00.000Z";
  const fired = "2026-01-01T00:00:01.000Z";
  expect(historyEvents.slice(1)).toEqual([
    {
      EventType: "SubOrchestrationInstanceCreated",
      Timestamp: begun,
      Name: "wait",
      InstanceId: "child",
    },
    { EventType: "TimerCreated", Timestamp: begun, FireAt: fired },
    { EventType: "TimerFired", Timestamp: fired, FireAt: fired },
  ]);
});

test.each([
  ["not JSON by its type", '"x"', "text/plain"],
  ["malformed", "{", "application/json"],
])("an event that is %s is refused", async (_name, body, type) => {
  await hub.start("wait", 1, "one");
  const headers = { "content-type": type };
  const path = "instances/one/raiseEvent/go";
  expect((await call("POST", path, body, headers)).status).toBe(400);
});

test.each([
  ["GET", "instances/nobody", 404],
  ["DELETE", "instances/nobody", 404],
  ["POST", "instances/nobody/terminate", 404],
  ["POST", "instances/waiting/resume", 500],
  ["POST", "instances/done/suspend", 410],
  ["POST", "instances/done/raiseEvent/go", 410],
  ["POST", "instances/done/dance", 404],
  ["POST", "instances/done/rewind", 412],
  ["DELETE", "instances/", 400],
  ["DELETE", "instances/?createdTimeFrom=2030-01-01T00:00:00Z", 404],
  ["DELETE", "instances/waiting", 412],
  [
    "DELETE",
    "instances/?createdTimeFrom=2020-01-01T00:00:00Z&instanceIdPrefix=d",
    400,
  ],
  ["POST", "instances/nobody/rewind", 404],
  ["POST", "instances/nobody/raiseEvent/go", 404],
  ["GET", "orchestrators/hello", 404],
  ["POST", "instances/", 404],
  ["GET", "instances/done/terminate", 404],
  ["GET", "instances/?runtimeStatus=Dancing", 400],
  ["GET", "instances/?runtimeStatus=completed", 400],
  ["GET", "instances/?createdTimeFrom=yesterday", 400],
  ["PATCH", "instances/done", 404],
  ["GET", "elsewhere", 404],
])("%s %s answers %i", async (method, path, status) => {
  await hub.start("hello", "x", "done");
  await hub.start("wait", "x", "waiting");
  await hub.settle();
  const body = method === "POST" ? "1" : undefined;
  expect((await call(method, path, body)).status).toBe(status);
});

test.each([
  [
    "POST",
    "waiting/resume",
    "Cannot resume the orchestration instance waiting because instance is in the Running state.",
  ],
  [
    "POST",
    "done/rewind",
    'This orchestration has status Completed, but only orchestrations in the \\"Failed\\" state can be rewound.',
  ],
  ["DELETE", "", "Please provide value for 'createdTimeFrom' parameter."],
])("%s instances/%s says why not", async (method, path, text) => {
  await hub.start("hello", "x", "done");
  await hub.start("wait", "x", "waiting");
  await hub.settle();
  const { body } = await call(method, `instances/${path}`);
  expect(JSON.stringify(body)).toContain(text);
});

test("another task hub is refused by name, this one is known in any case", async () => {
  await hub.start("wait", "x", "waiting");
  const ask = (query: string) => call("GET", `instances/waiting?${query}`);
  expect((await ask("taskHub=testhub&connection=Storage")).status).toBe(202);
  expect((await ask("taskHub=")).status).toBe(202);
  expect(await ask("TASKHUB=Elsewhere")).toMatchObject({
    status: 400,
    body: {
      Message:
        "The task hub 'Elsewhere' is not this host's: that is 'TestHub'.",
    },
  });
});

test("several parameters of a status are one list", async () => {
  await hub.start("hello", "x", "done");
  await hub.start("wait", "x", "waiting");
  await hub.settle();
  const query = "runtimeStatus=Running&runtimeStatus=Completed,Failed";
  const { body } = await call("GET", `instances/?${query}`);
  expect(body).toHaveLength(2);
});

test("an event for an instance that has ended is not read", async () => {
  await hub.start("hello", "x", "done");
  await hub.settle();
  const path = "instances/done/raiseEvent/go";
  expect((await call("POST", path, "{", {})).status).toBe(410);
});

test("other paths are not the handler's", async () => {
  const handle = createManagementHandler({
    engine: hub.engine,
    systemKey,
    hubName: "TestHub",
    baseUrl: () => served.origin,
  });
  expect(
    await handle({
      method: "GET",
      url: "/api/v1/jobs",
      headers: {},
      body: Buffer.alloc(0),
    }),
  ).toBeUndefined();
});
