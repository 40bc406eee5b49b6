import { inspect } from "node:util";
import { describe, expect, test } from "vitest";
import { parseEgressAllow } from "../../../shared/egress/egress-policy.ts";
import { Content } from "../../../shared/kernel/content.ts";
import { NucleusError } from "../../../shared/kernel/errors.ts";
import { allowed, client, defaults, outcome, readAll } from "./call.ts";
import { serve } from "./serve.ts";

describe("what goes out and comes back", () => {
  test("a POST arrives whole; cookies are neither kept nor sent", async () => {
    const { safeClient, origin } = await allowed((request, response) => {
      response.setHeader("set-cookie", ["a=1", "b=2"]);
      void readAll(request).then((body) =>
        response.end(
          `${request.method} ${String(request.headers["x-a"])} ${request.headers.cookie} ${body}`,
        ),
      );
    });
    const request = {
      method: "POST",
      body: "hello",
      headers: { "X-A": "1" },
    } as const;
    expect(await outcome(safeClient, origin, request)).toBe(
      "200 POST 1 undefined hello",
    );
    expect(await outcome(safeClient, origin, request)).toBe(
      "200 POST 1 undefined hello",
    );
  });

  test("an answer tells status, headers and declared size; a discarded one gives its connection back", async () => {
    const { host, origin, connections } = await serve((_, response) =>
      response
        .writeHead(404, { "content-length": 4, "x-b": ["1", "2"] })
        .end("gone"),
    );
    const safeClient = client({ allow: parseEgressAllow(host) });
    for (let call = 0; call < 10; call += 1) {
      const response = await safeClient.fetch(
        Content.fromText(origin),
        defaults,
      );
      expect(response).toMatchObject({ status: 404, sizeBytes: 4 });
      expect(response.headers["x-b"]).toBe("1, 2");
      await response.discard();
    }
    expect(connections()).toBeLessThan(10);
  });

  test("an endless answer can be discarded", async () => {
    const { safeClient, origin } = await allowed((_, response) => {
      response.on("error", () => undefined);
      response.write("x".repeat(100_000));
    });
    const response = await safeClient.fetch(Content.fromText(origin), defaults);
    await response.discard();
    expect(response.status).toBe(200);
  });

  test("errors say nothing of the URL, at any depth", async () => {
    const marker = "m4rk3r";
    const safeClient = client({
      resolve: (hostname) =>
        Promise.reject(new Error(`getaddrinfo ENOTFOUND ${hostname}`)),
    });
    for (const url of [
      `https://${marker}.example/${marker}?${marker}`,
      `https://${marker}@10.0.0.1/${marker}`,
      marker,
    ]) {
      const error: unknown = await safeClient
        .fetch(Content.fromText(url), defaults)
        .catch((thrown: unknown) => thrown);
      expect(error).toBeInstanceOf(NucleusError);
      expect(inspect(error, { depth: 10, showHidden: true })).not.toContain(
        marker,
      );
    }
  });
});
