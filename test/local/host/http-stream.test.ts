import { once } from "node:events";
import { request as sendRequest } from "node:http";
import type { ClientRequest, IncomingMessage } from "node:http";
import { setTimeout as delay } from "node:timers/promises";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { runCleanups, startFixtureHost } from "./support/start-fixture-host.ts";
import type { FixtureHost } from "./support/start-fixture-host.ts";
import { waitFor } from "./support/wait-for.ts";

const cleanups: (() => Promise<void> | void)[] = [];
let host: FixtureHost;
const megabyte = 1024 * 1024;

beforeAll(async () => {
  host = await startFixtureHost(
    {
      hostJson: {
        version: "2.0",
        functionTimeout: "00:00:30",
        extensions: { http: { customHeaders: { "x-by": "host" } } },
      },
      files: {
        "app.mjs": `
import { app, HttpResponse } from "@azure/functions";
app.setup({ enableHttpStream: true });
const counts = { produced: 0, ended: 0 };
let release;
let breakNow;
const broken = new Promise((resolve) => { breakNow = resolve; });
const released = new Promise((resolve) => { release = resolve; });
async function* produce() {
  try {
    for (let i = 0; i < 256; i += 1) { counts.produced += 1; yield Buffer.alloc(1024 * 1024, 1); }
  } finally { counts.ended += 1; }
}
app.post("echo", { handler: (request) => ({ body: request.body, headers: { "content-type": "text/x-echo" } }) });
app.http("about", { route: "about/{id:int}/{tail?}", handler: (request, context) => ({
  status: 201,
  headers: { "x-two": "2" },
  cookies: [{ name: "a", value: "1" }, { name: "b", value: "2", httpOnly: true }],
  jsonBody: { method: request.method, url: request.url, query: [...request.query], params: request.params,
    header: request.headers.get("x-one"), trace: context.traceContext.traceParent },
}) });
app.get("produce", () => ({ body: produce() }));
app.get("produceResponse", () => new HttpResponse({ status: 202, body: ReadableStream.from(produce()) }));
app.get("counts", () => ({ jsonBody: counts }));
app.get("release", () => { release(); return { body: "" }; });
app.post("hold", { handler: async (request) => { await released; return { jsonBody: (await request.arrayBuffer()).byteLength }; } });
app.post("ignore", { handler: () => ({ body: "not read" }) });
app.get("nothing", () => undefined);
app.get("throws", () => { throw new Error("no"); });
app.get("breaks", () => ({ body: (async function* () { yield Buffer.from("begun"); await broken; throw new Error("no"); })() }));
app.get("break", () => { breakNow(); return { body: "" }; });
app.get("dies", () => { process.kill(process.pid, "SIGKILL"); return new Promise(() => {}); });
app.http("keyed", { authLevel: "function", handler: () => ({ body: "in" }) });
`,
      },
      packageJson: { name: "fixture", main: "app.mjs" },
    },
    cleanups,
    { settings: { FUNCTIONS_REQUEST_BODY_SIZE_LIMIT: String(64 * megabyte) } },
  );
});
afterAll(() => runCleanups(cleanups));

const get = (path: string, init?: RequestInit): Promise<Response> =>
  fetch(`${host.httpUrl}/api/${path}`, init);

/** A request whose body is written, and whose answer is read, piece by piece. */
function open(
  method: string,
  path: string,
): { request: ClientRequest; answer: Promise<IncomingMessage> } {
  const request = sendRequest(`${host.httpUrl}/api/${path}`, { method });
  cleanups.push(() => void request.destroy());
  request.on("error", () => undefined);
  if (method === "GET") request.end();
  const answer = once(request, "response") as Promise<[IncomingMessage]>;
  return { request, answer: answer.then(([response]) => response) };
}

/** Asks until two answers in a row are the same. */
async function settled<T>(ask: () => Promise<T>): Promise<T> {
  let earlier = await ask();
  return waitFor(async () => {
    await delay(100);
    const now = await ask();
    if (JSON.stringify(now) === JSON.stringify(earlier)) return now;
    earlier = now;
    return undefined;
  });
}

const counts = async (): Promise<{ produced: number; ended: number }> =>
  (await (await get("counts")).json()) as { produced: number; ended: number };

describe("a streamed request", () => {
  it("is answered piece by piece while it is still being sent", async () => {
    const { request, answer } = open("POST", "echo");
    request.write("one");
    const response = await answer;
    expect(response.headers["content-type"]).toBe("text/x-echo");
    const pieces = response[Symbol.asyncIterator]();
    const next = async () => String((await pieces.next()).value as Buffer);
    expect(await next()).toBe("one");
    request.write("two");
    expect(await next()).toBe("two");
    request.end();
    expect(await pieces.next()).toMatchObject({ done: true });
  });

  it("carries what any request carries, and every value of a repeated query key", async () => {
    const traceparent = `00-${"a".repeat(32)}-${"b".repeat(16)}-01`;
    const answer = await get("about/7/end?a=1&a=2", {
      method: "POST",
      headers: { "x-one": "1", traceparent },
    });
    expect(await answer.json()).toEqual({
      method: "POST",
      url: `${host.httpUrl}/api/about/7/end?a=1&a=2`,
      query: [
        ["a", "1"],
        ["a", "2"],
      ],
      params: { id: "7", tail: "end" },
      header: "1",
      trace: traceparent,
    });
    expect(answer.status).toBe(201);
    expect(answer.headers.get("x-two")).toBe("2");
    expect(answer.headers.get("x-by")).toBe("host");
    expect(answer.headers.get("x-ms-invocation-id")).toBeNull();
    expect(answer.headers.getSetCookie()).toEqual(["a=1", "b=2; HttpOnly"]);
  });

  it("whose line has the whole URL is as any other", async () => {
    const path = `${host.httpUrl}/api/about/7`;
    const request = sendRequest(host.httpUrl, { path, method: "POST" });
    request.end();
    const [answer] = (await once(request, "response")) as [IncomingMessage];
    expect(JSON.parse((await answer.toArray()).join(""))).toMatchObject({
      url: path,
      params: { id: "7" },
    });
  });

  it("waits with its body until the function reads it", async () => {
    const { request, answer } = open("POST", "hold");
    const chunk = Buffer.alloc(megabyte);
    for (let i = 0; i < 60; i += 1) request.write(chunk);
    request.end();
    const sent = await settled(() =>
      Promise.resolve(request.socket?.bytesWritten ?? 0),
    );
    const unsent = request.socket?.writableLength ?? 0;
    expect(sent - unsent).toBeLessThan(30 * megabyte);
    await get("release");
    const received = await (await answer).toArray();
    expect(String(received[0])).toBe(String(60 * megabyte));
  });

  it("larger than the limit is 413, announced or not", async () => {
    const large = Buffer.alloc(65 * megabyte);
    expect((await get("hold", { method: "POST", body: large })).status).toBe(
      413,
    );
    const { request, answer } = open("POST", "hold");
    request.end(large);
    expect((await answer).statusCode).toBe(413);
  });

  it("that the function does not read is answered all the same", async () => {
    const body = Buffer.alloc(20 * megabyte);
    const answer = await get("ignore", { method: "POST", body });
    expect(await answer.text()).toBe("not read");
  });

  it("needs the key of its function", async () => {
    expect((await get("keyed")).status).toBe(401);
    const answer = await get(`keyed?code=${host.functionKey}`);
    expect(await answer.text()).toBe("in");
  });
});

describe("a streamed response", () => {
  it.each([
    ["produce", 200],
    ["produceResponse", 202],
  ])("of %s is made no faster than it is read", async (path, status) => {
    const before = await counts();
    const { answer } = open("GET", path);
    const response = await answer;
    expect(response.statusCode).toBe(status);
    const { produced } = await settled(counts);
    expect(produced - before.produced).toBeLessThan(40);
    let size = 0;
    for await (const chunk of response) size += (chunk as Buffer).length;
    expect(size).toBe(256 * megabyte);
    expect(await counts()).toEqual({
      produced: before.produced + 256,
      ended: before.ended + 1,
    });
  });

  it("ends at its source when the client goes away", async () => {
    const before = await counts();
    const { request, answer } = open("GET", "produce");
    await answer;
    request.destroy();
    const after = await waitFor(async () => {
      const now = await counts();
      return now.ended > before.ended ? now : undefined;
    });
    expect(after.produced - before.produced).toBeLessThan(256);
  });

  it("of nothing is 204, of a function that throws 500", async () => {
    expect((await get("nothing")).status).toBe(204);
    expect((await get("throws")).status).toBe(500);
  });

  it("that breaks in the middle is cut off, not ended", async () => {
    const answer = await get("breaks");
    expect(answer.status).toBe(200);
    await get("break");
    await expect(answer.text()).rejects.toThrow("terminated");
  });

  it("of a worker that dies is 503, and the next worker streams again", async () => {
    expect((await get("dies")).status).toBe(503);
    const answer = await get("echo", { method: "POST", body: "again" });
    expect(await answer.text()).toBe("again");
  });
});
