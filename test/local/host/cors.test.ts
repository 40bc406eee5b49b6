import { afterEach, describe, expect, it } from "vitest";
import {
  cjsApp,
  runCleanups,
  startFixtureHost,
} from "./support/start-fixture-host.ts";
import type { FixtureHost } from "./support/start-fixture-host.ts";

const cleanups: (() => Promise<void> | void)[] = [];
afterEach(() => runCleanups(cleanups));

const app = cjsApp(
  `app.http("keyed", { authLevel: "function", handler: () => ({ body: "in" }) });`,
);
const start = (
  origins: string,
  allowsCredentials = false,
): Promise<FixtureHost> =>
  startFixtureHost(app, cleanups, { cors: { origins, allowsCredentials } });

const corsOf = (answer: Response): Record<string, string> =>
  Object.fromEntries(
    [...answer.headers].filter(([name]) => name.startsWith("access-control")),
  );

describe("CORS", () => {
  it("lets the listed origins call, and answers their preflights without a key", async () => {
    const { httpUrl, functionKey } = await start(
      "https://a.example,https://B.example/",
      true,
    );
    const ask = (
      origin: string,
      init: {
        readonly method?: string;
        readonly headers?: Readonly<Record<string, string>>;
      } = {},
    ): Promise<Response> =>
      fetch(`${httpUrl}/api/keyed`, {
        ...init,
        headers: { origin, ...init.headers },
      });
    const preflight = (origin: string): Promise<Response> =>
      ask(origin, {
        method: "OPTIONS",
        headers: {
          "access-control-request-method": "PUT",
          "access-control-request-headers": "x-functions-key,content-type",
        },
      });
    const answered = await preflight("https://b.example");
    expect(answered.status).toBe(204);
    expect(answered.headers.get("vary")).toBe("Origin");
    expect(corsOf(answered)).toEqual({
      "access-control-allow-origin": "https://b.example",
      "access-control-allow-credentials": "true",
      "access-control-allow-methods": "PUT",
      "access-control-allow-headers": "x-functions-key,content-type",
    });
    const called = await ask("https://a.example", {
      headers: { "x-functions-key": functionKey },
    });
    expect(await called.text()).toBe("in");
    expect(corsOf(called)).toEqual({
      "access-control-allow-origin": "https://a.example",
      "access-control-allow-credentials": "true",
    });
    expect((await ask("https://a.example")).status).toBe(401);
    expect(corsOf(await preflight("https://c.example"))).toEqual({});
  });

  it("of any origin is a star, and cannot have credentials", async () => {
    const { httpUrl } = await start("*");
    const answer = await fetch(httpUrl, {
      headers: { origin: "https://any.example" },
    });
    expect(corsOf(answer)).toEqual({ "access-control-allow-origin": "*" });
    await expect(start("*", true)).rejects.toThrow("List the origins");
  });

  it("is none where no origin is listed: OPTIONS belongs to the app", async () => {
    const { httpUrl } = await start("");
    const answer = await fetch(`${httpUrl}/api/keyed`, {
      method: "OPTIONS",
      headers: {
        origin: "https://a.example",
        "access-control-request-method": "PUT",
      },
    });
    expect(answer.status).toBe(404);
    expect(corsOf(answer)).toEqual({});
  });
});
