import { readdirSync, statSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { createOpenAiCompatibleModel } from "../../shared/personas/adapters/openai-compatible.ts";
import { withPersonaRules } from "../../shared/personas/with-persona-rules.ts";
import { aPersona } from "../shared/personas/persona-builders.ts";
import { createTenantBudget } from "../../shared/costs/tenant-budget.ts";
import { openPorts, tag } from "../support/core.ts";
import { allOf, sealedOwners } from "../support/stored.ts";
import { type HttpCall, openHttp } from "./support/open-http.ts";

const interaction = {
  platformType: "Test",
  conversationId: "c1",
  userId: "u1",
  queryText: "What does it say?",
  personaIds: ["clerk"],
};
const reference = (sizeBytes?: number) => ({
  referenceId: "document",
  referenceType: "test",
  sourceUri: "source",
  mimeType: "text/plain",
  ...(sizeBytes !== undefined && { sizeBytes }),
});

/** The app with a language model whose endpoint nobody serves: a call would fail. */
function open(persona: Readonly<Record<string, unknown>> = {}) {
  const ports = openPorts();
  const endpoint = {
    baseUrl: "http://127.0.0.1:9/v1",
    apiKey: undefined,
    model: "priced",
    timeoutMs: 1_000,
  };
  const model = withPersonaRules(
    createOpenAiCompatibleModel(endpoint),
    new Map(),
  );
  const http = openHttp({ ...ports, model: { ...model, failures: [] } });
  http.core.personas.set("clerk", aPersona({ personaId: "clerk", ...persona }));
  const post = (body: unknown, call: HttpCall = {}) =>
    http.call("post-interaction", {
      caller: {},
      query: { dryRun: "true" },
      body,
      ...call,
    });
  return { ...http, ports, post };
}

const files = (folder: string): string[] =>
  readdirSync(folder, { recursive: true, encoding: "utf8" })
    .filter((name) => statSync(join(folder, name)).isFile())
    .toSorted();

describe("a dry run", () => {
  test("says stages, actions, tokens and cost, and leaves nothing behind", async () => {
    const { post, ports } = open();
    const before = files(ports.home);
    const headers = { "idempotency-key": "k" };
    const body = { ...interaction, artifactReferences: [reference(80_000)] };
    const answer = await post(body, { headers });
    expect(answer).toMatchObject({
      status: 200,
      body: {
        status: "estimated",
        workflow: { name: "interaction" },
        stages: [
          { kind: "artifacts", items: 1 },
          { kind: "personas", items: 1 },
          { kind: "outcome", items: 1 },
        ],
        activities: { atLeast: 5, atMost: 6 },
        orchestrations: { atLeast: 4, atMost: 4 },
        documentTokens: {
          atLeast: 10_000,
          atMost: 40_000,
          basis: "declaredSizes",
        },
        personas: [
          {
            personaId: "clerk",
            models: ["priced"],
            inputTokens: { atMost: 64_000 },
            outputTokens: { atLeast: 1, atMost: 4_000 },
          },
        ],
        costMicroUsd: { atMost: 64_000 * 2 + 4_000 * 10 },
      },
    });
    expect(answer.headers).not.toHaveProperty("location");
    for (const kind of ["job", "idempotency", "active"] as const)
      expect(await allOf(ports, kind)).toEqual([]);
    expect(await sealedOwners(ports)).toEqual([]);
    expect(ports.runner.starts).toEqual([]);
    expect(files(ports.home)).toEqual(before);
    expect(ports.logLines).toEqual([]);
    // The key is free: the same request is accepted as the first of its kind.
    expect(await post(body, { headers, query: {} })).toMatchObject({
      status: 202,
    });
    expect(ports.runner.starts).toHaveLength(1);
  });

  test("counts in what a summary of long documents takes in parts", async () => {
    const { post } = open();
    const { queryText: _, ...summary } = interaction;
    const short = await post({
      ...summary,
      artifactReferences: [reference(8_000)],
    });
    const long = await post({
      ...summary,
      artifactReferences: [reference(2e6)],
    });
    const { activities: few } = short.body as {
      activities: { atMost: number };
    };
    const { activities: many } = long.body as {
      activities: { atMost: number };
    };
    expect(few.atMost).toBe(6);
    expect(many.atMost).toBeGreaterThan(40);
  });

  test("says that limits stand in for sizes that are not declared, and that a price is not known", async () => {
    const { post } = open({ model: { fallbacks: [{ chatModelId: "other" }] } });
    const body = { ...interaction, artifactReferences: [reference()] };
    expect(await post(body)).toMatchObject({
      body: {
        documentTokens: { atLeast: 0, atMost: 500_000, basis: "limits" },
        personas: [{ models: ["priced", "other"] }],
        costMicroUsd: "unknown",
      },
    });
  });

  test("is held to a persona's budget", async () => {
    const { post } = open({
      model: { budget: { maxTokens: 5_000, maxCostUsd: 0.001 } },
    });
    expect(await post(interaction)).toMatchObject({
      body: { inputTokens: { atMost: 5_000 }, costMicroUsd: { atMost: 1_000 } },
    });
  });

  test("is checked as the request itself: schema, roles, personas, activation", async () => {
    const { post } = open();
    expect(await post({})).toMatchObject({ status: 400 });
    expect(
      await post(interaction, { caller: { roles: ["observer"] } }),
    ).toMatchObject({ status: 403 });
    expect(
      await post({ ...interaction, personaIds: ["nobody"] }),
    ).toMatchObject({
      status: 400,
      body: { code: "persona_unknown" },
    });
    expect(await post(interaction, { query: { dryRun: "yes" } })).toMatchObject(
      {
        status: 400,
        body: { errors: [{ path: "dryRun" }] },
      },
    );
  });

  test("of what no persona is there for says so, and nothing is logged", async () => {
    const { core, ports, post } = open();
    core.personas.clear();
    const { personaIds: _, ...unnamed } = interaction;
    expect(await post(unnamed)).toMatchObject({
      status: 200,
      body: { status: "ignored", code: "interaction_ignored" },
    });
    expect(ports.logLines).toEqual([]);
  });
});

describe("a tenant whose budget of today is used up", () => {
  test("is told so, and when there is one again, before anything is kept; what was accepted is answered as it was", async () => {
    const ports = openPorts();
    const limits = { tokens: 10, costMicroUsd: Infinity };
    const { now } = ports.clock;
    const tenantBudget = createTenantBudget({
      store: ports.store,
      now,
      limits,
    });
    const http = openHttp(ports, { tenantBudget });
    http.core.personas.set("clerk", aPersona({ personaId: "clerk" }));
    const post = (key: string, tenantId = "t1") =>
      http.call("post-interaction", {
        caller: { tenantId },
        body: interaction,
        headers: { "idempotency-key": key },
      });
    const first = await post("before");
    expect(first).toMatchObject({ status: 202 });
    const payer = { tenantId: tag("t1"), callId: tag("call") };
    const reservation = await tenantBudget.reserve(payer, {
      tokens: 10,
      costMicroUsd: 0,
    });
    await reservation.settle({ tokens: 10, costMicroUsd: 0 });
    expect(await post("after")).toMatchObject({
      status: 429,
      body: {
        code: "tenant_budget_exceeded",
        retryable: false,
        availableAt: expect.stringMatching(/T00:00:00/) as unknown,
      },
    });
    expect(await post("before")).toEqual(first);
    expect(await post("other", "t2")).toMatchObject({ status: 202 });
    expect(ports.runner.starts).toHaveLength(2);
  });
});
