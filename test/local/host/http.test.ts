import { once } from "node:events";
import { connect } from "node:net";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { runCleanups, startFixtureHost } from "./support/start-fixture-host.ts";
import type { FixtureHost } from "./support/start-fixture-host.ts";

const cleanups: (() => Promise<void> | void)[] = [];
let host: FixtureHost;

beforeAll(async () => {
  host = await startFixtureHost(
    {
      hostJson: {
        version: "2.0",
        functionTimeout: "00:00:02",
        extensions: { http: { customHeaders: { "x-by": "host" } } },
      },
      files: {
        "app.cjs": `
const { app } = require("@azure/functions");
app.http("echo", {
  methods: ["GET", "POST", "PUT"],
  route: "echo/{id:int}/{tail?}",
  handler: async (request, context) => ({
    jsonBody: {
      method: request.method,
      url: request.url,
      query: Object.fromEntries(request.query),
      params: request.params,
      header: request.headers.get("x-one"),
      body: request.method === "GET" ? null : Buffer.from(await request.arrayBuffer()).toString("base64"),
      trace: context.traceContext.traceParent,
    },
  }),
});
app.http("literal", { route: "echo/7", handler: () => ({ body: "literal" }) });
app.get("text", () => ({ body: "grüße", headers: { "x-two": "2" } }));
app.get("bytes", () => ({ body: new Uint8Array([0, 255, 1]), headers: { "content-type": "application/octet-stream" } }));
app.get("stream", () => ({
  body: new ReadableStream({
    start(controller) { controller.enqueue(new TextEncoder().encode("one,")); controller.enqueue(new TextEncoder().encode("two")); controller.close(); },
  }),
}));
app.get("cookies", () => ({
  cookies: [
    { name: "a", value: "1", httpOnly: true, secure: true, sameSite: "Strict", maxAge: 60 },
    { name: "b", value: "x y", path: "/p", expires: new Date(1000), sameSite: "None" },
  ],
}));
app.get("nothing", () => undefined);
app.get("none", () => ({ status: 204 }));
app.get("throws", () => { throw Object.assign(new TypeError("secret-error-text"), { code: "E_THROWN" }); });
app.get("hangs", () => new Promise(() => {}));
app.http("head", { methods: ["HEAD"], handler: () => ({ headers: { "content-length": "42" } }) });
app.http("options", { methods: ["OPTIONS"], handler: () => ({ headers: { allow: "GET" } }) });
app.http("keyed", { authLevel: "function", handler: () => ({ body: "in" }) });
app.http("master", { authLevel: "admin", handler: () => ({ body: "in" }) });
app.timer("yearly", { schedule: "0 0 0 1 1 *", handler: (timer, context) => context.log(String(timer.isPastDue)) });
app.get("off", () => ({ body: "on" }));
app.http("rest", { route: "files/{*path}", handler: (request) => ({ body: request.params.path }) });
`,
      },
    },
    cleanups,
    {
      settings: {
        "AzureWebJobs.off.Disabled": "true",
        FUNCTIONS_REQUEST_BODY_SIZE_LIMIT: "1000",
      },
    },
  );
});
afterAll(() => runCleanups(cleanups));

const get = (path: string, init?: RequestInit): Promise<Response> =>
  fetch(`${host.httpUrl}${path}`, init);

/** Sends raw bytes on a connection of its own and answers what came back until the other side closed. */
async function raw(text: string): Promise<string> {
  const socket = connect(Number(new URL(host.httpUrl).port), "127.0.0.1");
  let received = "";
  socket.on("data", (data: Buffer) => (received += data.toString("latin1")));
  socket.write(text);
  await once(socket, "close");
  return received;
}

describe("a request", () => {
  it("reaches the function with its method, URL, query, params, headers and bytes", async () => {
    const answer = await get("/api/echo/12/end?a=1&a=2&b=%C3%BC", {
      method: "POST",
      headers: {
        "x-one": "1",
        traceparent: `00-${"a".repeat(32)}-${"b".repeat(16)}-01`,
      },
      body: new Uint8Array([0, 200, 10]),
    });
    expect(await answer.json()).toEqual({
      method: "POST",
      url: `${host.httpUrl}/api/echo/12/end?a=1&a=2&b=%C3%BC`,
      query: { a: "1,2", b: "ü" },
      params: { id: "12", tail: "end" },
      header: "1",
      body: Buffer.from([0, 200, 10]).toString("base64"),
      trace: `00-${"a".repeat(32)}-${"b".repeat(16)}-01`,
    });
    expect(answer.headers.get("x-by")).toBe("host");
  });

  it("prefers a literal route, and a constraint that fails is no match", async () => {
    expect(await (await get("/api/echo/7")).text()).toBe("literal");
    expect((await get("/api/echo/x")).status).toBe(404);
    expect(await (await get("/api/files/a/b.txt")).text()).toBe("a/b.txt");
  });

  it("of another method, an unknown route or a disabled function is 404", async () => {
    const answers = await Promise.all([
      get("/api/text", { method: "DELETE" }),
      get("/api/text", { method: "HEAD" }),
      get("/api/unknown"),
      get("/api/off"),
      get("/text"),
    ]);
    expect(answers.map(({ status }) => status)).toEqual([
      404, 404, 404, 404, 404,
    ]);
  });

  it("larger than the limit is 413, announced or not", async () => {
    const large = "x".repeat(1001);
    const url = "/api/echo/1";
    expect((await get(url, { method: "PUT", body: large })).status).toBe(413);
    const chunked = await raw(
      `PUT ${url} HTTP/1.1\r\nhost: h\r\ntransfer-encoding: chunked\r\nconnection: close\r\n\r\n${large.length.toString(16)}\r\n${large}\r\n0\r\n\r\n`,
    );
    expect(chunked).toContain("HTTP/1.1 413");
    const fits = { method: "PUT", body: "x".repeat(1000) };
    expect((await get(url, fits)).status).toBe(200);
  });

  it("is known by its decoded path, and by a whole URL", async () => {
    expect(await (await get("/%61pi/%74ext")).text()).toBe("grüße");
    const whole = `GET ${host.httpUrl}/api/text HTTP/1.1\r\nhost: h\r\nconnection: close\r\n\r\n`;
    expect(await raw(whole)).toContain("HTTP/1.1 200");
  });

  it("may have as many headers as Kestrel takes", async () => {
    const send = (size: number): Promise<Response> =>
      get("/api/text", { headers: { cookie: "c".repeat(size) } });
    expect((await send(31 * 1024)).status).toBe(200);
    expect((await send(64 * 1024)).status).toBe(431);
  });

  it("with a malformed Host header is 400", async () => {
    const answer = await raw("GET /api/text HTTP/1.1\r\nhost: a b\r\n\r\n");
    expect(answer).toContain("HTTP/1.1 400");
  });

  it("whose client goes away does not disturb the host", async () => {
    const socket = connect(Number(new URL(host.httpUrl).port), "127.0.0.1");
    socket.write(
      "POST /api/echo/1 HTTP/1.1\r\nhost: h\r\ncontent-length: 10\r\n\r\nabc",
    );
    await once(socket, "connect");
    socket.destroy();
    await once(socket, "close");
    expect((await get("/api/text")).status).toBe(200);
  });
});

describe("a response", () => {
  it("carries text, bytes and streams with their length", async () => {
    const text = await get("/api/text");
    expect(await text.text()).toBe("grüße");
    expect(text.headers.get("content-length")).toBe("7");
    expect(text.headers.get("x-two")).toBe("2");
    const bytes = await (await get("/api/bytes")).bytes();
    expect([...bytes]).toEqual([0, 255, 1]);
    expect(await (await get("/api/stream")).text()).toBe("one,two");
  });

  it("carries each cookie in a header of its own, written as the host writes them", async () => {
    const { headers } = await get("/api/cookies");
    expect(headers.getSetCookie()).toEqual([
      "a=1; max-age=60; path=/; secure; samesite=strict; httponly",
      "b=x%20y; expires=Thu, 01 Jan 1970 00:00:01 GMT; path=/p; samesite=none",
    ]);
  });

  it("of nothing is 204, of HEAD and OPTIONS has no body", async () => {
    expect((await get("/api/nothing")).status).toBe(204);
    expect((await get("/api/none")).status).toBe(204);
    const head = await get("/api/head", { method: "HEAD" });
    expect(head.headers.get("content-length")).toBe("42");
    const options = await get("/api/options", { method: "OPTIONS" });
    expect(options.headers.get("allow")).toBe("GET");
  });

  it("of a function that threw is an empty 500, and the text of the error reaches no log", async () => {
    const answer = await get("/api/throws");
    expect([answer.status, await answer.text()]).toEqual([500, ""]);
    expect(host.lines).toContainEqual(
      expect.objectContaining({
        level: "error",
        event: "function-executed",
        functionName: "throws",
        errorName: "TypeError",
        errorCode: "E_THROWN",
      }),
    );
    expect(JSON.stringify(host.lines)).not.toContain("secret-error-text");
  });

  it("of a function that exceeds functionTimeout is 500", async () => {
    expect((await get("/api/hangs")).status).toBe(500);
  });
});

describe("a disabled function", () => {
  it("is there for who has the master key only", async () => {
    const status = async (key: string) =>
      (await get(`/api/off?code=${key}`)).status;
    expect(await status(host.functionKey)).toBe(404);
    expect(await status(host.masterKey)).toBe(200);
  });
});

describe("keys", () => {
  const status = async (path: string, key?: string) =>
    (
      await get(
        path,
        key === undefined ? {} : { headers: { "x-functions-key": key } },
      )
    ).status;

  it("open function and admin routes, in the header or the query", async () => {
    for (const path of ["/api/keyed", "/api/master", "/admin/functions"]) {
      expect(await status(path)).toBe(401);
      expect(await status(path, "wrong")).toBe(401);
      expect(await status(path, host.masterKey)).toBe(200);
      expect(await status(`${path}?code=${host.masterKey}`)).toBe(200);
    }
  });

  it("open no more than their level: a function key no admin route, the durable key no route", async () => {
    expect(await status("/api/keyed", host.functionKey)).toBe(200);
    expect(await status("/api/master", host.functionKey)).toBe(401);
    expect(await status("/admin/functions", host.functionKey)).toBe(401);
    for (const path of ["/api/keyed", "/api/master", "/admin/functions"])
      expect(await status(path, host.systemKey)).toBe(401);
  });
});

describe("the host's own pages", () => {
  const admin = (path: string, init: RequestInit = {}): Promise<Response> =>
    get(`/admin/${path}`, {
      ...init,
      headers: { "x-functions-key": host.masterKey },
    });

  it("answer at /, /admin/host/ping and /admin/host/status", async () => {
    expect(await (await get("/")).text()).toContain("running");
    for (const path of ["/admin/host/ping", "/Admin/Host/Ping/"])
      expect((await get(path)).status).toBe(200);
    for (const path of ["/ADMIN/host/status/", "/Admin/Functions"])
      expect((await get(path)).status).toBe(401);
    expect((await admin("Host/Status/")).status).toBe(200);
    expect((await admin("functions/TEXT")).status).toBe(200);
    expect(await (await admin("host/status")).json()).toMatchObject({
      id: "app",
      state: "Running",
      version: "4.1037.0",
      workerPids: host.workerPids,
    });
  });

  it("list the functions as Azure's host does", async () => {
    const echo = {
      name: "echo",
      href: `${host.httpUrl}/admin/functions/echo`,
      invoke_url_template: `${host.httpUrl}/api/echo/{id:int}/{tail?}`,
      language: "node",
      config: {
        name: "echo",
        bindings: [
          {
            type: "httpTrigger",
            direction: "in",
            methods: ["GET", "POST", "PUT"],
          },
          { type: "http", direction: "out", name: "$return" },
        ],
      },
      isDisabled: false,
    };
    const list = (await (await admin("functions")).json()) as unknown[];
    expect(list[0]).toMatchObject(echo);
    expect(list).toContainEqual(
      expect.objectContaining({ name: "off", isDisabled: true }),
    );
    expect(await (await admin("functions/ECHO")).json()).toMatchObject(echo);
    expect(await (await admin("functions/echo/status")).json()).toEqual({});
    expect((await admin("functions/nobody")).status).toBe(404);
    expect((await admin("elsewhere")).status).toBe(404);
  });

  it("call a timer by hand, and no HTTP function", async () => {
    const call = (name: string, body: string) =>
      admin(`functions/${name}`, { method: "POST", body });
    const ran = host.logged("app-log");
    expect((await call("yearly", "{}")).status).toBe(202);
    expect(await ran).toMatchObject({
      functionName: "yearly",
      message: "false",
    });
    expect((await call("yearly", "nothing")).status).toBe(400);
    const refused = await call("text", "{}");
    expect([refused.status, await refused.json()]).toEqual([
      400,
      { message: expect.stringContaining('"text" (httpTrigger)') as string },
    ]);
  });

  it("log no request's query or header", async () => {
    await get("/api/text?q=marker-in-query", {
      headers: { "x-m": "marker-in-header" },
    });
    expect(JSON.stringify(host.lines)).not.toContain("marker-in");
  });
});
