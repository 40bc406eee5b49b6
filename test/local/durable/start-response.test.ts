import { afterEach, beforeEach, expect, test } from "vitest";

import { createManagementHandler } from "../../../local/durable/management.ts";
import { systemKey } from "./support/durable-client.ts";
import { createSdkApp, df } from "./support/sdk-worker.ts";
import { openTestHub, startTime, type TestHub } from "./support/test-hub.ts";

const app = createSdkApp(() => {
  df.app.activity("greet", { handler: (name: string) => `Hello ${name}` });
  df.app.orchestration("hello", function* (context) {
    return yield context.df.callActivity("greet", context.df.getInput());
  });
  df.app.orchestration("silent", function* (context) {
    yield context.df.callActivity("greet", "x");
  });
  df.app.orchestration("wait", function* (context) {
    return yield context.df.waitForExternalEvent("go");
  });
  df.app.orchestration("broken", function* (context) {
    yield context.df.callActivity("greet", "x");
    throw new Error("no luck");
  });
});

let hub: TestHub;
let handle: ReturnType<typeof createManagementHandler>;

beforeEach(() => {
  hub = openTestHub(app);
  handle = createManagementHandler({
    engine: hub.engine,
    systemKey,
    hubName: "TestHub",
    baseUrl: () => "http://localhost",
  });
});

afterEach(async () => {
  await hub.settle();
  hub.close();
});

async function post(path: string, body?: string) {
  const response = await handle({
    method: "POST",
    url: `/durabletask/${path}`,
    headers: { "content-type": "application/json" },
    body: Buffer.from(body ?? ""),
  });
  return {
    status: response?.status,
    headers: response?.headers,
    body: JSON.parse(response?.body ?? "null") as unknown,
  };
}

const wait = "timeout=10&pollingInterval=1";

test("a start that waits answers 200 with the output of the instance", async () => {
  const answer = await post(`orchestrators/hello/one?${wait}`, '"Ada"');
  expect(answer.status).toBe(200);
  expect(answer.body).toBe("Hello Ada");
  expect(hub.record("one").status).toBe("Completed");
});

test("an instance without an output answers null", async () => {
  const answer = await post(`orchestrators/silent?${wait}`);
  expect(answer).toMatchObject({ status: 200, body: null });
});

test("when the time is over, a start that waits answers 202 with the links", async () => {
  const answered = post(`orchestrators/wait/one?${wait}`);
  await hub.settle();
  hub.clock.advanceTo(startTime + 10_000);
  const { status, headers, body } = await answered;
  expect(status).toBe(202);
  expect(headers?.["retry-after"]).toBe("10");
  expect(body).toMatchObject({ id: "one" });
});

test("an instance that ends while a start waits is answered at once", async () => {
  const answered = post(`orchestrators/wait/one?${wait}`);
  await hub.settle();
  await hub.raise("one", "go", { found: 1 });
  expect(await answered).toMatchObject({ status: 200, body: { found: 1 } });
  expect(hub.clock.nextAt()).toBeUndefined();
});

test("an instance that fails or is terminated answers 200 with its status, whatever the caller says of errors", async () => {
  const flag = "returnInternalServerErrorOnFailure=true";
  expect(
    await post(`orchestrators/broken/one?${wait}&${flag}&showInput=false`, "7"),
  ).toMatchObject({
    status: 200,
    body: { runtimeStatus: "Failed", instanceId: "one", input: null },
  });
  const answered = post(`orchestrators/wait/two?${wait}`);
  await hub.settle();
  await post("instances/two/terminate?reason=enough");
  expect(await answered).toMatchObject({
    status: 200,
    body: { runtimeStatus: "Terminated", output: "enough" },
  });
});

test.each([
  ["no time", "pollingInterval=1"],
  ["no interval", "timeout=10"],
  ["a time that is no number", "timeout=soon&pollingInterval=1"],
])("with %s, a start does not wait", async (_name, query) => {
  const { status } = await post(`orchestrators/wait/one?${query}`);
  expect(status).toBe(202);
});

test("an interval longer than the time is a bad request, though the instance has been started", async () => {
  const query = "timeout=1&pollingInterval=2";
  expect(await post(`orchestrators/hello/one?${query}`, '"Ada"')).toMatchObject(
    {
      status: 400,
      body: {
        Message: "Total timeout 1 should be bigger than retry timeout 2",
      },
    },
  );
  await hub.settle();
  expect(hub.record("one").status).toBe("Completed");
});

test("a restart that waits answers the new instance's output", async () => {
  await post(`orchestrators/hello/one?${wait}`, '"Ada"');
  expect(await post(`instances/one/restart?${wait}`)).toMatchObject({
    status: 200,
    body: "Hello Ada",
  });
});

test("two starts that wait each get their own instance's output", async () => {
  const answers = await Promise.all(
    ["Ada", "Bo"].map((name) =>
      post(`orchestrators/hello?${wait}`, JSON.stringify(name)),
    ),
  );
  expect(answers.map(({ body }) => body)).toEqual(["Hello Ada", "Hello Bo"]);
});
