import { describe, expect, test } from "vitest";
import { parseEgressAllow } from "../../../shared/egress/egress-policy.ts";
import { Content } from "../../../shared/kernel/content.ts";
import { client, outcome } from "./call.ts";
import { serve } from "./serve.ts";

describe("addresses", () => {
  test.each([
    "https://127.0.0.1:PORT/",
    "https://127.1:PORT/",
    "https://2130706433:PORT/",
    "https://0x7f000001:PORT/",
    "https://0177.0.0.1:PORT/",
    "https://0.0.0.0:PORT/",
    "https://[::1]:PORT/",
    "https://[::]:PORT/",
    "https://[::ffff:127.0.0.1]:PORT/",
    "https://[64:ff9b::7f00:1]:PORT/",
    "https://[2002:7f00:1::]:PORT/",
    "https://localhost:PORT/",
    "https://LOCALHOST.:PORT/",
    "https://sub.localhost:PORT/",
    "https://169.254.169.254/latest/meta-data/",
    "https://168.63.129.16/machine",
    "https://10.0.0.1/",
    "https://100.64.0.1/",
    "https://[fe80::1]/",
    "https://[fd00::1]/",
    "https://user:secret@example.com/",
    "https://example.com:25/",
    "http://127.0.0.1:PORT/",
    "http://example.com/",
    "file:///etc/passwd",
    "ftp://example.com/",
    "not a url",
    "",
  ])("%s is refused before a socket is opened", async (form) => {
    const { port, connections } = await serve((_, response) => response.end());
    const safeClient = client({
      resolve: () => Promise.reject(new Error("must not be resolved")),
    });
    const url = form.replace("PORT", String(port));
    expect(await outcome(safeClient, url)).toBe("artifact_refused");
    expect(safeClient.isAllowed(Content.fromText(url))).toBe(false);
    expect(connections()).toBe(0);
  });

  test.each([
    [["127.0.0.1"]],
    [["::1"]],
    [["::ffff:127.0.0.1"]],
    [["3ffe::1", "127.0.0.1"]],
    [["fe80::1%1"]],
  ])("a name that resolves to %j is refused", async (addresses) => {
    const { port, connections } = await serve((_, response) => response.end());
    const safeClient = client({ resolve: () => Promise.resolve(addresses) });
    expect(await outcome(safeClient, `https://example.com:${port}/`)).toBe(
      "artifact_refused",
    );
    expect(connections()).toBe(0);
  });

  test("a name that is rebound after its check is not resolved again: the socket goes to the checked address", async () => {
    const { port, connections } = await serve((_, response) => response.end());
    const answers = [["3ffe::1"], ["127.0.0.1"]];
    let resolved = 0;
    const safeClient = client({
      connectTimeoutMs: 500,
      resolve: () => Promise.resolve(answers[resolved++] ?? ["127.0.0.1"]),
    });
    expect(await outcome(safeClient, `https://example.com:${port}/`)).toMatch(
      /^artifact_(unreachable|timeout)$/,
    );
    expect(resolved).toBe(1);
    expect(connections()).toBe(0);
    // A second connection is checked like the first.
    expect(await outcome(safeClient, `https://example.com:${port}/`)).toBe(
      "artifact_refused",
    );
  });

  test("an exception holds for its host and port only, and may be http and private", async () => {
    const { port } = await serve((_, response) => response.end("hello"));
    const safeClient = client({
      allow: parseEgressAllow(`artifacts.test:${port}`),
      resolve: () => Promise.resolve(["127.0.0.1"]),
    });
    expect(await outcome(safeClient, `http://artifacts.test:${port}/`)).toBe(
      "200 hello",
    );
    expect(await outcome(safeClient, `http://127.0.0.1:${port}/`)).toBe(
      "artifact_refused",
    );
    expect(await outcome(safeClient, "http://artifacts.test/")).toBe(
      "artifact_refused",
    );
  });

  test("a name that does not resolve is unreachable", async () => {
    const safeClient = client({
      resolve: () => Promise.reject(new Error("ENOTFOUND example.com")),
    });
    expect(await outcome(safeClient, "https://example.com/")).toBe(
      "artifact_unreachable",
    );
  });
});
