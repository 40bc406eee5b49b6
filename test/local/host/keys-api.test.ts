import { readFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import {
  runCleanups,
  startFixtureHost,
  startHostOf,
} from "./support/start-fixture-host.ts";
import type { FixtureHost } from "./support/start-fixture-host.ts";
import { readRuntime } from "./support/spawn-host.ts";

const cleanups: (() => Promise<void> | void)[] = [];
let host: FixtureHost;
beforeAll(async () => {
  host = await startFixtureHost(
    {
      files: {
        "app.cjs": `const { app } = require("@azure/functions");
app.http("Keyed", { authLevel: "function", handler: () => ({ body: "in" }) });
app.http("other", { authLevel: "function", handler: () => ({ body: "in" }) });`,
      },
    },
    cleanups,
  );
});
afterAll(() => runCleanups(cleanups));

interface Answer {
  readonly status: number;
  readonly body: unknown;
}

async function admin(
  method: string,
  path: string,
  body?: unknown,
): Promise<Answer> {
  const answer = await fetch(`${host.httpUrl}/admin/${path}`, {
    method,
    headers: { "x-functions-key": host.masterKey },
    ...(body !== undefined && { body: JSON.stringify(body) }),
  });
  const text = await answer.text();
  const isJson = answer.headers.get("content-type")?.includes("json") === true;
  return { status: answer.status, body: isJson ? JSON.parse(text) : text };
}

const call = async (name: string, key: unknown): Promise<number> =>
  (await fetch(`${host.httpUrl}/api/${name}?code=${String(key)}`)).status;

const valueOf = ({ body }: Answer): string => (body as { value: string }).value;

describe("keys of a function", () => {
  it("are listed with one named default, and open that function only", async () => {
    const listed = await admin("GET", "functions/keyed/keys");
    expect(listed).toEqual({
      status: 200,
      body: {
        keys: [{ name: "default", value: expect.any(String) as string }],
        links: [
          { rel: "self", href: `${host.httpUrl}/admin/functions/keyed/keys` },
        ],
      },
    });
    const key = valueOf(await admin("GET", "functions/Keyed/keys/DEFAULT"));
    expect(await call("keyed", key)).toBe(200);
    expect(await call("other", key)).toBe(401);
  });

  it("are made, given a value, made anew and taken away, at once and over a restart", async () => {
    const path = "functions/Keyed/keys/partner";
    const value = "given-by-the-caller";
    expect((await admin("PUT", path, { name: "partner", value })).status).toBe(
      201,
    );
    expect(await call("keyed", value)).toBe(200);
    const renewed = await admin("POST", path);
    expect(renewed).toEqual({
      status: 200,
      body: {
        name: "partner",
        value: expect.any(String) as string,
        links: [{ rel: "self", href: `${host.httpUrl}/admin/${path}` }],
      },
    });
    expect(await call("keyed", value)).toBe(401);
    await host.stop();
    host = await startHostOf(host.app, cleanups);
    expect(await call("keyed", valueOf(renewed))).toBe(200);
    expect((await admin("DELETE", path)).status).toBe(204);
    expect((await admin("DELETE", path)).status).toBe(404);
    expect(await call("keyed", valueOf(renewed))).toBe(401);
  });

  it.each([
    ["GET", "functions/nobody/keys", undefined, 404],
    ["POST", "functions/nobody/keys/a", undefined, 404],
    ["GET", "functions/Keyed/keys/nobody", undefined, 404],
    ["PUT", "functions/Keyed/keys/a", {}, 400],
    ["PUT", "functions/Keyed/keys/a", { value: "too short" }, 400],
    ["DELETE", "functions/Keyed/keys/_default", undefined, 400],
    ["POST", "functions/Keyed/keys", undefined, 405],
  ])("%s %s with %j is %i", async (method, path, body, status) => {
    expect((await admin(method, path, body)).status).toBe(status);
  });
});

describe("keys of the host", () => {
  it.each(["keys", "functionkeys"])(
    "open every function, under /admin/host/%s",
    async (kind) => {
      const made = await admin("POST", `host/${kind}/${kind}-ci`);
      expect(made.status).toBe(201);
      expect(await call("other", valueOf(made))).toBe(200);
      const { body } = await admin("GET", `host/${kind}`);
      expect(body).toMatchObject({
        keys: expect.arrayContaining([
          { name: "default", value: host.functionKey },
          { name: `${kind}-ci`, value: valueOf(made) },
        ]) as unknown,
      });
    },
  );

  it("are not for who has none but a function key", async () => {
    const answer = await fetch(
      `${host.httpUrl}/admin/host/keys?code=${host.functionKey}`,
    );
    expect(answer.status).toBe(401);
  });
});

describe("system keys", () => {
  it("show the one of the durable endpoints, which is changed by its file only", async () => {
    const name = "durabletask_extension";
    expect((await admin("GET", "host/systemkeys")).body).toMatchObject({
      keys: [{ name, value: host.systemKey }],
    });
    expect((await admin("POST", `host/systemkeys/${name}`)).status).toBe(409);
    expect(
      valueOf(await admin("POST", "host/systemkeys/grid_extension")),
    ).toMatch(/^[\w-]{40,}$/);
  });

  it("have the master key, which is made anew at once", async () => {
    const path = "host/systemkeys/_master";
    const before = host.masterKey;
    expect(valueOf(await admin("GET", path))).toBe(before);
    expect(await admin("POST", path)).toMatchObject({ status: 201 });
    expect(host.masterKey).not.toBe(before);
    expect(await call("other", before)).toBe(401);
    expect(await call("other", host.masterKey)).toBe(200);
    expect(readRuntime(host.app.home).masterKey).toBe(host.masterKey);
    const file = readFileSync(join(host.app.home, "secrets/host.json"), "utf8");
    expect(file).toContain(host.masterKey);
  });

  it("are not needed with the master key, which opens the durable endpoints too", async () => {
    const list = (key: string): Promise<Response> =>
      fetch(
        `${host.httpUrl}/runtime/webhooks/durabletask/instances?code=${key}`,
      );
    expect((await list(host.masterKey)).status).toBe(200);
    expect((await list(host.systemKey)).status).toBe(200);
    expect((await list(host.functionKey)).status).toBe(401);
  });
});
