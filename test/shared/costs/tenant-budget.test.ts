import { describe, expect, test } from "vitest";
import { createTenantBudget } from "../../../shared/costs/tenant-budget.ts";
import { withTenantBudget } from "../../../shared/costs/with-tenant-budget.ts";
import { NucleusError } from "../../../shared/kernel/errors.ts";
import type { PersonaModel } from "../../../shared/personas/persona-model.ts";
import { byBytes } from "../../../shared/personas/retrieval/tokens.ts";
import { openPorts, tag } from "../../support/core.ts";
import { aPersona, documents, never } from "../personas/persona-builders.ts";

const tenantId = tag("t1");
const call = (id: string) => ({ tenantId, callId: tag(id) });
const usedUp = { code: "tenant_budget_exceeded", retryable: false };
const tokens = (count: number) => ({ tokens: count, costMicroUsd: 0 });

function openBudget(limit: number) {
  const { store, clock } = openPorts();
  const limits = { tokens: limit, costMicroUsd: Infinity };
  return {
    clock,
    budget: createTenantBudget({ store, now: clock.now, limits }),
  };
}

describe("a tenant's budget", () => {
  test("is not overspent by calls at the same time: what each may take is kept for it first", async () => {
    const { budget } = openBudget(1_000);
    const outcomes = await Promise.allSettled(
      Array.from({ length: 10 }, (_, n) =>
        budget.reserve(call(`c${n}`), tokens(300)),
      ),
    );
    const reasons = outcomes.flatMap((outcome) =>
      outcome.status === "rejected" ? [outcome.reason as unknown] : [],
    );
    expect(reasons).toMatchObject(Array.from({ length: 7 }, () => usedUp));
  });

  test("counts what a call took, and gives back the rest", async () => {
    const { budget } = openBudget(1_000);
    const reservation = await budget.reserve(call("a"), tokens(900));
    await expect(budget.reserve(call("b"), tokens(200))).rejects.toMatchObject(
      usedUp,
    );
    await reservation.settle(tokens(100));
    await budget.reserve(call("b"), tokens(900));
    await expect(budget.reserve(call("c"), tokens(1))).rejects.toMatchObject(
      usedUp,
    );
  });

  test("a call that is repeated after a crash takes the place of its own reservation", async () => {
    const { budget } = openBudget(1_000);
    await budget.reserve(call("a"), tokens(900));
    const again = await budget.reserve(call("a"), tokens(900));
    await again.settle(tokens(400));
    await budget.reserve(call("b"), tokens(600));
    await expect(budget.reserve(call("c"), tokens(1))).rejects.toMatchObject(
      usedUp,
    );
  });

  test("says when there is one again, and begins anew at 00:00 UTC; other tenants have their own", async () => {
    const { budget, clock } = openBudget(1_000);
    expect(await budget.usedUpUntil(tenantId)).toBeUndefined();
    await (await budget.reserve(call("a"), tokens(900))).settle(tokens(1_000));
    const availableAt = await budget.usedUpUntil(tenantId);
    expect(availableAt).toMatch(/T00:00:00/);
    await budget.reserve({ ...call("a"), tenantId: tag("t2") }, tokens(1_000));
    clock.advance(Date.parse(availableAt ?? "") - clock.now());
    expect(await budget.usedUpUntil(tenantId)).toBeUndefined();
    await budget.reserve(call("b"), tokens(1_000));
  });
});

describe("a model with a tenant's budget", () => {
  const persona = aPersona({
    model: { maxInputTokens: 1_000, maxOutputTokens: 100 },
  });
  const usage = { inputTokens: 50, outputTokens: 10 };
  function openModel(limit: number, answers: PersonaModel["answer"]) {
    const { budget } = openBudget(limit);
    const model: PersonaModel = {
      name: "chat",
      measure: async () => ({ room: 500, tokenizer: byBytes }),
      answer: answers,
    };
    const paid = withTenantBudget(model, { budget, prices: new Map() });
    const ask = (callId: string) =>
      paid.answer(
        {
          persona,
          query: undefined,
          documents: documents("One."),
          payer: call(callId),
        },
        never(),
      );
    return { ask, budget };
  }
  const opinion = {
    answer: "One.",
    keyPoints: [],
    quotes: [],
    notFound: false,
    usage,
    model: "chat",
  };

  test("is asked while an answer and its repair are within it, and no more", async () => {
    let asked = 0;
    const { ask } = openModel(2_300, async () => {
      asked += 1;
      return opinion;
    });
    // Each takes 60 of 2,300 tokens, and may take 2,200.
    await ask("a");
    await expect(ask("b")).resolves.toMatchObject({ usage });
    await expect(ask("c")).rejects.toMatchObject({
      code: "tenant_budget_exceeded",
    });
    expect(asked).toBe(2);
  });

  test("that fails takes nothing", async () => {
    const { ask } = openModel(2_200, async () => {
      throw new NucleusError("model_unavailable");
    });
    for (const id of ["a", "b", "c"])
      await expect(ask(id)).rejects.toMatchObject({
        code: "model_unavailable",
      });
  });

  test("that counts no tokens is taken to have used all that it might", async () => {
    const { ask } = openModel(2_300, async () => ({
      ...opinion,
      usage: { inputTokens: 0, outputTokens: 0 },
    }));
    await ask("a");
    await expect(ask("b")).rejects.toMatchObject({
      code: "tenant_budget_exceeded",
    });
  });
});
