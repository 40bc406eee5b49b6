import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import {
  createLocalIssuer,
  type TokenRequest,
} from "../../local/issuer/local-issuer.ts";
import {
  fileReferences,
  interactionBody,
  postInteraction,
  untilEnded,
} from "../support/jobs.ts";
import {
  type Caller,
  type RunningApp,
  startApp,
} from "../support/running-app.ts";

let app: RunningApp;
beforeAll(async () => {
  app = await startApp();
});
afterAll(() => app.stop());

describe("who may not call is told nothing else", () => {
  const securedRoutes = [
    ["POST", "/api/v1/interactions"],
    ["GET", "/api/v1/jobs/j1"],
    ["GET", "/api/v1/jobs/j1/status"],
    ["GET", "/api/v1/interactions/j1/status"],
    ["GET", "/api/v1/jobs/j1/result"],
    ["POST", "/api/v1/jobs/j1/cancel"],
    ["POST", "/api/v1/webhooks"],
    ["GET", "/api/v1/webhooks"],
    ["GET", "/api/v1/webhooks/w1"],
    ["DELETE", "/api/v1/webhooks/w1"],
    ["POST", "/api/v1/webhooks/w1/secret"],
    ["POST", "/api/v1/webhooks/secret"],
    ["GET", "/api/v1/webhooks/w1/deliveries"],
    ["POST", "/api/v1/webhooks/w1/deliveries/d1/redeliver"],
  ] as const;

  test.each(securedRoutes)("%s %s without a token: 401", async (verb, path) => {
    const answer = await app.call(verb, path, { caller: null });
    expect(answer).toMatchObject({
      status: 401,
      body: { code: "unauthenticated" },
    });
    expect(answer.headers.get("www-authenticate")).toBe("Bearer");
  });

  test.each(securedRoutes)(
    "%s %s without the role: 403",
    async (verb, path) => {
      const answer = await app.call(verb, path, {
        caller: { roles: ["author"] },
      });
      expect(answer).toMatchObject({
        status: 403,
        body: { code: "forbidden" },
      });
    },
  );

  test("tokens that are expired, of another issuer, changed, or of no tenant: 401", async () => {
    const request: TokenRequest = {
      roles: ["adapter"],
      tenantId: "t1",
      userId: "u1",
      ttlSeconds: 3600,
    };
    const elsewhere = await mkdtemp(join(tmpdir(), "nucleus-issuer-"));
    const [own, foreign] = await Promise.all(
      [app.home, elsewhere].map((home) =>
        createLocalIssuer({ home, now: Date.now }),
      ),
    );
    const token = (await own?.issueToken(request)) ?? "";
    const [header, claims, signature] = token.split(".");
    const forged = Buffer.from(
      JSON.stringify({
        ...(JSON.parse(
          Buffer.from(claims ?? "", "base64url").toString(),
        ) as object),
        tid: "t2",
      }),
    ).toString("base64url");
    const unsigned = Buffer.from('{"alg":"none"}').toString("base64url");
    const tokens = [
      await own?.issueToken({ ...request, ttlSeconds: -120 }),
      await foreign?.issueToken(request),
      await own?.issueToken({ ...request, tenantId: ":system" }),
      `${header}.${forged}.${signature}`,
      `${unsigned}.${claims}.`,
      "nonsense",
    ];
    for (const bad of tokens)
      expect(
        await app.call("GET", "/api/v1/webhooks", {
          caller: null,
          headers: { authorization: `Bearer ${bad}` },
        }),
      ).toMatchObject({ status: 401 });
    await rm(elsewhere, { recursive: true });
  });
});

describe("a job is there for its own adapter and those who may see it", () => {
  let jobId: string;
  beforeAll(async () => {
    ({ jobId } = await postInteraction(
      app,
      interactionBody({
        artifactReferences: fileReferences("05-steering-committee-minutes.md"),
      }),
    ));
    await untilEnded(app, jobId);
  });

  const others: [string, Caller, { status: number; result: number }][] = [
    ["its own adapter", {}, { status: 200, result: 200 }],
    [
      "another user of its application",
      { userId: "u2", appId: "u1" },
      { status: 200, result: 200 },
    ],
    ["another adapter", { userId: "u2" }, { status: 404, result: 404 }],
    [
      "the same adapter in another tenant",
      { tenantId: "t2" },
      { status: 404, result: 404 },
    ],
    [
      "a content reader",
      { userId: "reader", roles: ["content_reader"] },
      { status: 200, result: 200 },
    ],
    [
      "a content reader of another tenant",
      { tenantId: "t2", userId: "reader", roles: ["content_reader"] },
      { status: 404, result: 404 },
    ],
    [
      "an observer",
      { userId: "watch", roles: ["observer"] },
      { status: 200, result: 403 },
    ],
    [
      "an admin",
      { userId: "boss", roles: ["admin", "operator"] },
      { status: 200, result: 403 },
    ],
  ];

  test.each(others)("%s", async (_who, caller, { status, result }) => {
    for (const path of [`jobs/${jobId}`, `jobs/${jobId}/status`])
      expect(
        (await app.call("GET", `/api/v1/${path}`, { caller })).status,
      ).toBe(status);
    expect(
      (await app.call("GET", `/api/v1/jobs/${jobId}/result`, { caller }))
        .status,
    ).toBe(result);
  });

  test("only its own adapter and an operator may cancel it", async () => {
    const cancel = async (caller: Caller) =>
      (await app.call("POST", `/api/v1/jobs/${jobId}/cancel`, { caller }))
        .status;
    expect(await cancel({})).toBe(409);
    expect(await cancel({ userId: "o", roles: ["operator"] })).toBe(409);
    expect(await cancel({ userId: "o", roles: ["observer"] })).toBe(403);
    expect(await cancel({ userId: "u2" })).toBe(404);
    expect(await cancel({ tenantId: "t2" })).toBe(404);
  });
});
