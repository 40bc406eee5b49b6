import type { RequestListener } from "node:http";
import { gzipSync } from "node:zlib";
import { expect, onTestFinished, test } from "vitest";
import { createHttpsProvider } from "../../../shared/artifacts/adapters/https.ts";
import type { ArtifactProvider } from "../../../shared/artifacts/artifact-provider.ts";
import { parseEgressAllow } from "../../../shared/egress/egress-policy.ts";
import { createSafeClient } from "../../../shared/egress/safe-client.ts";
import { Content } from "../../../shared/kernel/content.ts";
import {
  tenantId,
  failureOf,
  readAll,
} from "../../contracts/artifact-provider.ts";
import { serve } from "../egress/serve.ts";

async function provide(
  listener: RequestListener,
  timeoutMs = 5000,
): Promise<{ provider: ArtifactProvider; origin: string }> {
  const { host, origin } = await serve(listener);
  const client = createSafeClient({ allow: parseEgressAllow(host) });
  onTestFinished(() => void client.close());
  const now = (): number => Date.UTC(2026, 0, 1);
  return { provider: createHttpsProvider({ client, now, timeoutMs }), origin };
}

test.each([
  [204, "none"],
  [206, "artifact_rejected"],
  [300, "artifact_rejected"],
  [302, "artifact_rejected"],
  [304, "artifact_rejected"],
  [400, "artifact_rejected"],
  [401, "artifact_forbidden"],
  [403, "artifact_forbidden"],
  [404, "artifact_not_found"],
  [408, "artifact_unreachable"],
  [410, "artifact_not_found"],
  [418, "artifact_rejected"],
  [429, "artifact_throttled"],
  [500, "artifact_unreachable"],
  [503, "artifact_unreachable"],
  [504, "artifact_unreachable"],
])("an answer of %i is %s, however long its page is", async (status, code) => {
  const { provider, origin } = await provide((_, response) => {
    response.statusCode = status;
    response.end("x".repeat(10_000));
  });
  expect(await failureOf(provider, origin, { maxBytes: 100 })).toBe(code);
});

test.each([
  [429, "7", 7000],
  [503, "Thu, 01 Jan 2026 00:00:30 GMT", 30_000],
  [429, "99999", 3_600_000],
  [429, "soon", undefined],
])("%i with Retry-After %s says to wait %j ms", async (status, header, ms) => {
  const { provider, origin } = await provide((_, response) =>
    response.writeHead(status, { "retry-after": header }).end(),
  );
  await expect(
    provider.open({
      tenantId,
      sourceUri: Content.fromText(origin),
      maxBytes: 100,
      signal: new AbortController().signal,
    }),
  ).rejects.toMatchObject({ code: "artifact_throttled", retryAfterMs: ms });
});

test("the declared media type comes without its parameters, and not at all when it is malformed", async () => {
  const { provider, origin } = await provide((request, response) => {
    const type =
      request.url === "/good" ? "Text/HTML; charset=utf-8" : "not a type";
    response.writeHead(200, { "content-type": type }).end("x");
  });
  const open = async (path: string): Promise<string | undefined> => {
    const artifact = await provider.open({
      tenantId,
      sourceUri: Content.fromText(origin + path),
      maxBytes: 100,
      signal: new AbortController().signal,
    });
    await readAll(artifact.bytes);
    return artifact.declaredMediaType;
  };
  expect(await open("/good")).toBe("text/html");
  expect(await open("/bad")).toBeUndefined();
});

test("a redirected artifact is read where it is, an oversized unpacked one is too large", async () => {
  const { provider, origin } = await provide((request, response) => {
    if (request.url === "/") response.writeHead(301, { location: "/b" }).end();
    else
      response
        .writeHead(200, { "content-encoding": "gzip" })
        .end(gzipSync("x".repeat(1000)));
  });
  expect(await failureOf(provider, origin, { maxBytes: 1000 })).toBe("none");
  expect(await failureOf(provider, origin, { maxBytes: 999 })).toBe(
    "artifact_too_large",
  );
});

test("a source that does not end in time is a timeout, one that is not there unreachable", async () => {
  const { provider, origin } = await provide(
    (_, response) => void response.write("x"),
    200,
  );
  expect(await failureOf(provider, origin)).toBe("artifact_timeout");

  const down = await provide((request) => request.socket.destroy());
  expect(await failureOf(down.provider, down.origin)).toBe(
    "artifact_unreachable",
  );
});
