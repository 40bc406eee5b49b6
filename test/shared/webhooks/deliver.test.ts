import type { RequestListener } from "node:http";
import { expect, onTestFinished, test } from "vitest";
import { parseEgressAllow } from "../../../shared/egress/egress-policy.ts";
import { createSafeClient } from "../../../shared/egress/safe-client.ts";
import { Content } from "../../../shared/kernel/content.ts";
import {
  createDeliverer,
  type AttemptResult,
} from "../../../shared/webhooks/deliver.ts";
import { serve } from "../egress/serve.ts";

async function attempt(
  listener: RequestListener,
  { path = "/hook", timeoutMs = 5000 } = {},
): Promise<AttemptResult> {
  const { host, origin } = await serve(listener);
  const client = createSafeClient({ allow: parseEgressAllow(host) });
  onTestFinished(() => void client.close());
  let nowMs = Date.UTC(2026, 0, 1);
  const now = (): number => (nowMs += 5);
  return createDeliverer({ client, now, timeoutMs }).attempt({
    url: Content.fromText(origin + path),
    headers: { "content-type": "application/json", "webhook-id": "d1" },
    body: '{"a":1}',
  });
}

test("the event is posted with its headers", async () => {
  const seen: unknown[] = [];
  const result = await attempt((request, response) => {
    const { method, url, headers } = request;
    request.on("data", (body: Buffer) =>
      seen.push(
        method,
        url,
        headers["content-type"],
        headers["webhook-id"],
        body.toString(),
      ),
    );
    request.on("end", () => response.writeHead(204).end());
  });
  expect(seen).toEqual(["POST", "/hook", "application/json", "d1", '{"a":1}']);
  expect(result).toEqual({
    outcome: "delivered",
    httpStatus: 204,
    durationMs: 5,
  });
});

test.each([
  [200, { outcome: "delivered" }],
  [299, { outcome: "delivered" }],
  [304, { outcome: "failed", code: "delivery_failed" }],
  [400, { outcome: "failed", code: "delivery_failed" }],
  [404, { outcome: "failed", code: "delivery_failed" }],
  [410, { outcome: "gone", code: "delivery_gone" }],
  [500, { outcome: "failed", code: "delivery_failed" }],
])("an answer of %i is %j, whatever its body", async (httpStatus, expected) => {
  const result = await attempt((_, response) => {
    response.statusCode = httpStatus;
    response.end("x".repeat(500_000));
  });
  expect(result).toMatchObject({ ...expected, httpStatus });
});

test("a redirect is a failure and is not followed", async () => {
  const paths: (string | undefined)[] = [];
  const result = await attempt((request, response) => {
    paths.push(request.url);
    response.writeHead(307, { location: "/elsewhere" }).end();
  });
  expect(result).toMatchObject({ outcome: "failed", httpStatus: 307 });
  expect(paths).toEqual(["/hook"]);
});

test("Retry-After of a refusal is told", async () => {
  const result = await attempt((_, response) =>
    response.writeHead(429, { "retry-after": "30" }).end(),
  );
  expect(result).toMatchObject({
    outcome: "failed",
    httpStatus: 429,
    retryAfterMs: 30_000,
  });
});

test("a success is told at once although its body never ends", async () => {
  const result = await attempt((_, response) => void response.write("x"));
  expect(result).toMatchObject({ outcome: "delivered", httpStatus: 200 });
});

test("no answer in time, a broken connection and a refused address are failures with a code", async () => {
  expect(await attempt(() => undefined, { timeoutMs: 100 })).toEqual({
    outcome: "failed",
    code: "delivery_failed",
    durationMs: 5,
  });
  expect(await attempt((request) => request.socket.destroy())).toMatchObject({
    outcome: "failed",
    code: "delivery_failed",
  });
  const client = createSafeClient({ allow: [] });
  const refused = await createDeliverer({ client, now: () => 0 }).attempt({
    url: Content.fromText("https://169.254.169.254/"),
    headers: {},
    body: "",
  });
  expect(refused).toEqual({
    outcome: "failed",
    code: "delivery_refused",
    durationMs: 0,
  });
});
