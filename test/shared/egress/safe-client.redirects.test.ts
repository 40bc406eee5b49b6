import { describe, expect, test } from "vitest";
import { parseEgressAllow } from "../../../shared/egress/egress-policy.ts";
import { allowed, client, outcome } from "./call.ts";
import { serve } from "./serve.ts";

describe("redirects", () => {
  test("within an origin are followed with all headers, and the last answer comes back", async () => {
    const { safeClient, origin } = await allowed((request, response) => {
      if (request.url === "/a")
        response.writeHead(302, { location: "b?x=1" }).end("moved");
      else response.end(`${request.url} ${request.headers.authorization}`);
    });
    expect(
      await outcome(safeClient, `${origin}/a`, {
        redirects: "follow",
        headers: { Authorization: "Bearer t" },
      }),
    ).toBe("200 /b?x=1 Bearer t");
  });

  test("to another origin lose whatever could be a credential", async () => {
    const target = await serve((request, response) =>
      response.end(Object.keys(request.headers).toSorted().join(" ")),
    );
    const source = await serve((_, response) =>
      response.writeHead(307, { location: target.origin }).end(),
    );
    const safeClient = client({
      allow: parseEgressAllow(`${source.host}, ${target.host}`),
    });
    expect(
      await outcome(safeClient, source.origin, {
        redirects: "follow",
        headers: { Authorization: "Bearer t", "X-Api-Key": "k", Accept: "*/*" },
      }),
    ).toBe("200 accept accept-encoding connection host user-agent");
  });

  test.each([
    "https://169.254.169.254/latest/meta-data/",
    "http://example.com/",
    "https://[::1]/",
    "https://user:secret@example.com/",
    "file:///etc/passwd",
    "https://",
  ])("to %s are refused", async (location) => {
    const { safeClient, origin } = await allowed((_, response) =>
      response.writeHead(302, { location }).end(),
    );
    expect(await outcome(safeClient, origin, { redirects: "follow" })).toBe(
      "artifact_refused",
    );
  });

  test("to a name that resolves to a private address are refused", async () => {
    const { safeClient, origin } = await allowed(
      (_, response) =>
        response.writeHead(302, { location: "https://example.com/" }).end(),
      { resolve: () => Promise.resolve(["10.0.0.1"]) },
    );
    expect(await outcome(safeClient, origin, { redirects: "follow" })).toBe(
      "artifact_refused",
    );
  });

  test("end after five hops", async () => {
    const { safeClient, origin } = await allowed((request, response) => {
      const hop = Number(request.url?.slice(1));
      if (hop === 0) response.end("arrived");
      else response.writeHead(302, { location: `/${hop - 1}` }).end();
    });
    const request = { redirects: "follow" } as const;
    expect(await outcome(safeClient, `${origin}/5`, request)).toBe(
      "200 arrived",
    );
    expect(await outcome(safeClient, `${origin}/6`, request)).toBe(
      "artifact_refused",
    );
  });

  test("are handed back unless following is asked for, and never followed by a POST", async () => {
    const { safeClient, origin } = await allowed((_, response) =>
      response.writeHead(307, { location: "/b" }).end("moved"),
    );
    expect(await outcome(safeClient, origin)).toBe("307 moved");
    expect(
      await outcome(safeClient, origin, {
        method: "POST",
        redirects: "follow",
      }),
    ).toBe("307 moved");
  });
});
