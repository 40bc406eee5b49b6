import { createServer, type IncomingMessage } from "node:http";
import type { AddressInfo } from "node:net";

import { afterEach, expect, test } from "vitest";

import { EventType } from "../../../local/durable/history-event.ts";
import { createSdkApp, df } from "./support/sdk-worker.ts";
import { openTestHub, startTime } from "./support/test-hub.ts";

interface Asked {
  readonly method: string | undefined;
  readonly url: string | undefined;
  readonly headers: IncomingMessage["headers"];
  readonly body: string;
}

interface Answer {
  readonly status: number;
  readonly headers?: Record<string, string | string[]>;
  readonly body?: string | Buffer;
}

const app = createSdkApp(() => {
  df.app.activity("after", { handler: () => "after" });
  df.app.orchestration("askHeaders", function* (context) {
    const url = String(context.df.getInput());
    const answer: { headers: object } = yield context.df.callHttp({
      method: "GET",
      url,
    });
    return answer.headers;
  });
  df.app.orchestration("ask", function* (context) {
    const request =
      context.df.getInput<Parameters<typeof context.df.callHttp>[0]>();
    try {
      const answer: HttpAnswer = yield context.df.callHttp(request ?? never());
      const after: string = yield context.df.callActivity("after");
      return [answer.statusCode, answer.content, after];
    } catch (error) {
      return (error as Error).message.split(" \n ")[0];
    }
  });
});

interface HttpAnswer {
  readonly statusCode: number;
  readonly content: string;
}

function never(): never {
  throw new Error("no request");
}

const servers: { close(): void }[] = [];
afterEach(() => {
  for (const server of servers.splice(0)) server.close();
});

/** Answers one request after the other, the last answer for ever. */
async function answerWith(...answers: Answer[]) {
  const asked: Asked[] = [];
  const server = createServer((request, response) => {
    let body = "";
    request.setEncoding("utf8");
    request.on("data", (chunk: string) => {
      body += chunk;
    });
    request.on("end", () => {
      const { method, url, headers } = request;
      asked.push({ method, url, headers, body });
      const answer = answers[Math.min(asked.length, answers.length) - 1];
      response.writeHead(answer?.status ?? 500, answer?.headers);
      response.end(answer?.body);
    });
  });
  servers.push({
    close() {
      server.close();
      server.closeAllConnections();
    },
  });
  await new Promise<void>((resolve) => {
    server.listen(0, "127.0.0.1", resolve);
  });
  const { port } = server.address() as AddressInfo;
  return { asked, url: `http://127.0.0.1:${port}` };
}

async function ask(request: object) {
  const hub = openTestHub(app);
  const id = await hub.start("ask", request);
  const { status, output } = await hub.finish(id);
  const scheduled = (hub.engine.client.exportHistory(id) ?? []).flatMap(
    (event) =>
      event.EventType === EventType.TaskScheduled
        ? [`${event.EventId} ${event.Name}`]
        : event.EventType === EventType.TimerCreated
          ? [`${event.EventId} +${Date.parse(event.FireAt) - startTime}`]
          : [],
  );
  return { status, output, scheduled };
}

test("a request is a built-in activity, and its answer the result, whatever its status", async () => {
  const { asked, url } = await answerWith({ status: 418, body: "short" });
  const { output, scheduled } = await ask({
    method: "POST",
    url: `${url}/pot?x=1`,
    body: { tea: "green" },
    headers: { "X-Cup": "2", "Content-Type": "application/json" },
  });
  expect(output).toEqual([418, "short", "after"]);
  expect(scheduled).toEqual(["0 BuiltIn::HttpActivity", "1 after"]);
  expect(asked).toMatchObject([
    {
      method: "POST",
      url: "/pot?x=1",
      headers: { "x-cup": "2", "content-type": "application/json" },
      body: '{"tea":"green"}',
    },
  ]);
});

test("an accepted request is asked about, a timer apart, until it is answered otherwise", async () => {
  const { asked, url } = await answerWith(
    { status: 202, headers: { Location: "/status", "Retry-After": "5" } },
    { status: 202, headers: { Location: "/status" } },
    { status: 200, body: "done" },
  );
  const { output, scheduled } = await ask({
    method: "POST",
    url: `${url}/jobs`,
    body: "work",
    headers: { Authorization: "Bearer it", "x-functions-key": "secret" },
  });
  expect(output).toEqual([200, "done", "after"]);
  expect(scheduled).toEqual([
    "0 BuiltIn::HttpActivity",
    "1 +5000",
    "2 BuiltIn::HttpActivity",
    "3 +35000",
    "4 BuiltIn::HttpActivity",
    "5 after",
  ]);
  expect(asked.map(({ method, url: path }) => `${method} ${path}`)).toEqual([
    "POST /jobs",
    "GET /status",
    "GET /status",
  ]);
  expect(asked[1]?.headers.authorization).toBe("Bearer it");
  expect(asked[1]?.headers).not.toHaveProperty("x-functions-key");
});

test("credentials do not follow a Location to another origin", async () => {
  const other = await answerWith({ status: 200, body: "elsewhere" });
  const { url } = await answerWith({
    status: 202,
    headers: { Location: `${other.url}/status`, "Retry-After": "1" },
  });
  const { output } = await ask({
    method: "GET",
    url,
    headers: { Authorization: "Bearer it", Cookie: "a=b", "X-Kept": "yes" },
  });
  expect(output).toEqual([200, "elsewhere", "after"]);
  expect(other.asked[0]?.headers).toMatchObject({ "x-kept": "yes" });
  expect(other.asked[0]?.headers).not.toHaveProperty("authorization");
  expect(other.asked[0]?.headers).not.toHaveProperty("cookie");
});

test("a Location that is no URL fails the instance that asked, and nothing else", async () => {
  const { url } = await answerWith({
    status: 202,
    headers: { Location: "http://", "Retry-After": "1" },
  });
  const { status, output } = await ask({ method: "GET", url });
  expect(status).toBe("Failed");
  expect(output).toContain("a Location that is no URL");
});

test("a 202 is the answer where polling is switched off", async () => {
  const { asked, url } = await answerWith({
    status: 202,
    headers: { Location: "/status" },
    body: "accepted",
  });
  const { output } = await ask({ method: "GET", url, enablePolling: false });
  expect(output).toEqual([202, "accepted", "after"]);
  expect(asked).toHaveLength(1);
});

test("an answer's headers have the names that the server wrote, and the content's own are not among them", async () => {
  const { url } = await answerWith({
    status: 200,
    headers: {
      "X-Cup": "2",
      "Content-Type": "application/json",
      "Set-Cookie": ["a=1", "b=2"],
    },
    body: "{}",
  });
  const hub = openTestHub(app);
  const { output } = await hub.finish(await hub.start("askHeaders", url));
  expect(output).toMatchObject({ "X-Cup": "2", "Set-Cookie": ["a=1", "b=2"] });
  expect(
    Object.keys(output as object).map((name) => name.toLowerCase()),
  ).not.toContain("content-type");
});

test("a request is sent as it was asked for, with a body by any method", async () => {
  const { asked, url } = await answerWith({ status: 200, body: "found" });
  const { output } = await ask({
    method: "GET",
    url,
    body: "ü",
    headers: { Host: "search.example", "Content-Length": "7" },
  });
  expect(output).toEqual([200, "found", "after"]);
  expect(asked).toMatchObject([
    { method: "GET", body: "ü", headers: { host: "search.example" } },
  ]);
  expect(Object.keys(asked[0]?.headers ?? {}).toSorted()).toEqual([
    "connection",
    "content-length",
    "content-type",
    "host",
    "user-agent",
  ]);
});

test.each([
  [301, "POST", "GET", ""],
  [303, "PUT", "GET", ""],
  [307, "POST", "POST", "work"],
  [308, "PUT", "PUT", "work"],
])("a redirection by %i of a %s is followed by a %s", async (...given) => {
  const [status, method, followedBy, body] = given;
  const { asked, url } = await answerWith(
    { status, headers: { Location: "/there" } },
    { status: 200, body: "arrived" },
  );
  const { output } = await ask({
    method,
    url,
    body: "work",
    headers: { Authorization: "Bearer it", "X-Kept": "yes" },
  });
  expect(output).toEqual([200, "arrived", "after"]);
  expect(asked[1]).toMatchObject({
    method: followedBy,
    url: "/there",
    body,
    headers: { "x-kept": "yes" },
  });
  expect(asked[1]?.headers).not.toHaveProperty("authorization");
});

test("redirections without an end are given up, and their last answer is the result", async () => {
  const { asked, url } = await answerWith({
    status: 302,
    headers: { Location: "/again" },
  });
  const { output } = await ask({ method: "GET", url });
  expect(output).toEqual([302, "", "after"]);
  expect(asked).toHaveLength(51);
});

test("an answer's content is read in the charset that it names", async () => {
  const { url } = await answerWith({
    status: 200,
    headers: { "Content-Type": "text/plain; charset=iso-8859-1" },
    body: Buffer.from("grün", "latin1"),
  });
  const { output } = await ask({ method: "GET", url });
  expect(output).toEqual([200, "grün", "after"]);
});

test("a request without an answer fails, and the function may catch it", async () => {
  const { url } = await answerWith({ status: 200 });
  for (const server of servers.splice(0)) server.close();
  const { status, output } = await ask({ method: "GET", url });
  expect(status).toBe("Completed");
  expect(output).toContain("ECONNREFUSED");
});

test("a token source is refused by name", async () => {
  const { status, output } = await ask({
    method: "GET",
    url: "http://127.0.0.1",
    tokenSource: { resource: "https://management.core.windows.net" },
  });
  expect(status).toBe("Failed");
  expect(output).toContain("callHttp with a token source");
});
