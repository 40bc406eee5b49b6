import { connect } from "node:net";
import { afterAll, beforeAll, expect, it } from "vitest";
import { parseRouteTemplate } from "../../../local/host/http/route-template.ts";
import { runCleanups, startFixtureHost } from "./support/start-fixture-host.ts";
import type { FixtureHost } from "./support/start-fixture-host.ts";

const cleanups: (() => Promise<void> | void)[] = [];
let host: FixtureHost;

beforeAll(async () => {
  host = await startFixtureHost(
    `
app.http("open", { handler: () => ({ body: "in" }) });
app.http("keyed", { authLevel: "function", handler: () => ({ body: "in" }) });`,
    cleanups,
  );
});
afterAll(() => runCleanups(cleanups));

/** The status line that answers to a head whose body never comes. */
function askWithoutBody(path: string, key: string): Promise<string> {
  const { hostname, port, host: name } = new URL(host.httpUrl);
  const socket = connect(Number(port), hostname);
  const head = [
    `POST ${path} HTTP/1.1`,
    `host: ${name}`,
    `x-functions-key: ${key}`,
    "content-length: 50000000",
  ];
  socket.write(`${head.join("\r\n")}\r\n\r\nsome of it`);
  return new Promise((resolve) => {
    socket.once("data", (bytes: Buffer) => {
      resolve(bytes.toString("latin1").split("\r\n", 1)[0] ?? "");
      socket.destroy();
    });
  });
}

it.each([
  "/api/keyed",
  "/admin/functions/open",
  "/runtime/webhooks/durabletask/orchestrators/any",
])("who has no key is told so before a body is read: %s", async (path) => {
  for (const key of ["", "guess", host.systemKey.toUpperCase()])
    expect(await askWithoutBody(path, key)).toBe("HTTP/1.1 401 Unauthorized");
});

it("a segment of several parameters is matched in time, whatever is sent", () => {
  const { match } = parseRouteTemplate("of-{year}-{month}-{day}.pdf");
  expect(match(`of-${"-".repeat(10_000)}`)).toBeUndefined();
  expect(match(`of-${"-".repeat(10_000)}.pdf`)).toMatchObject({ day: "-" });
  expect(match("OF-2026-11-22.PDF")).toEqual({
    year: "2026",
    month: "11",
    day: "22",
  });
  for (const path of [
    "of-1-2-.pdf",
    "of--1-2.pdf",
    "of-1-2.pdf",
    "of-1-2-3.pd",
  ])
    expect(match(path)).toBeUndefined();
});

it.each(["{a}{b}", "v{*rest}"])(
  "a route that ASP.NET refuses is refused: %s",
  (route) => {
    expect(() => parseRouteTemplate(route)).toThrow(RangeError);
  },
);
