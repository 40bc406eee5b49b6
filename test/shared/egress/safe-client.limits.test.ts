import type { RequestListener } from "node:http";
import { brotliCompressSync, gzipSync } from "node:zlib";
import { describe, expect, test } from "vitest";
import { Content } from "../../../shared/kernel/content.ts";
import { allowed, client, defaults, outcome } from "./call.ts";

describe("time", () => {
  test("headers that never come end in a timeout", async () => {
    const { safeClient, origin } = await allowed(() => undefined);
    expect(await outcome(safeClient, origin, { timeoutMs: 100 })).toBe(
      "artifact_timeout",
    );
  });

  test("a body that trickles without end runs into the total limit", async () => {
    const { safeClient, origin } = await allowed((_, response) => {
      const trickle = setInterval(() => response.write("x"), 10);
      response.on("close", () => clearInterval(trickle));
    });
    expect(await outcome(safeClient, origin, { timeoutMs: 300 })).toBe(
      "artifact_timeout",
    );
  });

  test("a body that falls silent runs into the idle limit", async () => {
    const { safeClient, origin } = await allowed(
      (_, response) => void response.write("x"),
      { idleTimeoutMs: 100 },
    );
    expect(await outcome(safeClient, origin, { timeoutMs: 60_000 })).toBe(
      "artifact_timeout",
    );
  });

  test("a resolver that never answers runs into the total limit", async () => {
    const safeClient = client({
      connectTimeoutMs: 600_000,
      resolve: () => new Promise<string[]>(() => undefined),
    });
    expect(
      await outcome(safeClient, "https://example.com/", { timeoutMs: 50 }),
    ).toBe("artifact_timeout");
  });

  test("the caller gives up: before the answer, and while the body is read", async () => {
    const { safeClient, origin } = await allowed(
      (_, response) => void response.write("first"),
    );
    const before = AbortSignal.abort(new Error("any reason"));
    expect(await outcome(safeClient, origin, { signal: before })).toBe(
      "artifact_timeout",
    );
    const controller = new AbortController();
    const response = await safeClient.fetch(Content.fromText(origin), {
      ...defaults,
      signal: controller.signal,
    });
    const reading = (async () => {
      for await (const chunk of response.body)
        if (chunk.byteLength > 0) controller.abort();
    })();
    await expect(reading).rejects.toMatchObject({ code: "artifact_timeout" });
  });
});

describe("bytes", () => {
  const limit = { maxBytes: 1000 };

  test("a body of exactly the limit is read, one byte more is not, declared or not", async () => {
    const { safeClient, origin } = await allowed((request, response) => {
      const body = "x".repeat(request.url?.endsWith("more") ? 1001 : 1000);
      if (request.url?.startsWith("/declared"))
        response.setHeader("content-length", body.length);
      response.write(body);
      response.end();
    });
    for (const kind of ["declared", "chunked"]) {
      expect(await outcome(safeClient, `${origin}/${kind}`, limit)).toMatch(
        /^200 x{1000}$/,
      );
      expect(await outcome(safeClient, `${origin}/${kind}-more`, limit)).toBe(
        "artifact_too_large",
      );
    }
  });

  test("what is sent compressed although identity was asked for is unpacked", async () => {
    const { safeClient, origin } = await allowed((request, response) => {
      expect(request.headers["accept-encoding"]).toBe("identity");
      const isGzip = request.url === "/gzip";
      response.setHeader("content-encoding", isGzip ? "GZIP" : "br");
      response.end((isGzip ? gzipSync : brotliCompressSync)("stored small"));
    });
    expect(await outcome(safeClient, `${origin}/gzip`)).toBe(
      "200 stored small",
    );
    expect(await outcome(safeClient, `${origin}/br`)).toBe("200 stored small");
  });

  test("a bomb is stopped at the limit of unpacked bytes", async () => {
    const bomb = gzipSync(Buffer.alloc(50_000_000));
    const { safeClient, origin } = await allowed((_, response) => {
      response.setHeader("content-encoding", "gzip");
      response.end(bomb);
    });
    let total = 0;
    const response = await safeClient.fetch(Content.fromText(origin), defaults);
    const reading = (async () => {
      for await (const chunk of response.body) total += chunk.byteLength;
    })();
    await expect(reading).rejects.toMatchObject({ code: "artifact_too_large" });
    expect(total).toBeLessThanOrEqual(defaults.maxBytes);
  });

  test("packed bytes that never become anything are bounded as well", async () => {
    const empty = gzipSync("");
    const { safeClient, origin } = await allowed((_, response) => {
      response.setHeader("content-encoding", "gzip");
      for (let sent = 0; sent <= 1000; sent += empty.byteLength)
        response.write(empty);
      response.end();
    });
    expect(await outcome(safeClient, origin, limit)).toBe("artifact_too_large");
  });

  test.each<[string, RequestListener]>([
    [
      "cut short of its length",
      (_, response) => {
        response.setHeader("content-length", 100);
        response.write("half");
        setImmediate(() => response.destroy());
      },
    ],
    [
      "cut within its chunks",
      (_, response) => {
        response.write("half");
        setImmediate(() => response.destroy());
      },
    ],
    [
      "not what its coding says",
      (_, response) => {
        response.setHeader("content-encoding", "gzip");
        response.end("plain");
      },
    ],
    [
      "in an unknown coding",
      (_, response) => {
        response.setHeader("content-encoding", "rot13");
        response.end("cynva");
      },
    ],
  ])("a body that is %s is unreachable, not short", async (_, listener) => {
    const { safeClient, origin } = await allowed(listener);
    expect(await outcome(safeClient, origin)).toBe("artifact_unreachable");
  });

  test("headers without end are unreachable", async () => {
    const { safeClient, origin } = await allowed((_, response) =>
      response.writeHead(200, { "x-long": "x".repeat(100_000) }).end(),
    );
    expect(await outcome(safeClient, origin)).toBe("artifact_unreachable");
  });
});
