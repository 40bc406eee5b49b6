import { describe, expect, test } from "vitest";
import { type ErrorCode, NucleusError } from "../../../shared/kernel/errors.ts";
import { ModelFiltered } from "../../../shared/personas/content-filter.ts";
import {
  findUnpriced,
  fitToBudget,
} from "../../../shared/personas/model-budget.ts";
import { parseModelPrices } from "../../../shared/personas/model-prices.ts";
import type {
  PersonaModel,
  PersonaOpinion,
  PersonaRequest,
} from "../../../shared/personas/persona-model.ts";
import { withPersonaRules } from "../../../shared/personas/with-persona-rules.ts";
import { aPersona, aRequest, never } from "./persona-builders.ts";

const prices = parseModelPrices(
  '{"chat": {"inputPerMillion": 2, "outputPerMillion": 10}}',
);
const good: PersonaOpinion = {
  answer: "Nine months.",
  keyPoints: ["Nine."],
  quotes: [0, 1, 2].map((artifactIndex) => ({ artifactIndex, text: "nine" })),
  notFound: false,
  data: { months: 9 },
  usage: { inputTokens: 7, outputTokens: 5 },
  model: "chat",
};

type Answer = (request: PersonaRequest) => PersonaOpinion;

/** Asks a model with a persona's rules; `asked` are the personas as the model saw them. */
async function ask(
  persona: Readonly<Record<string, unknown>>,
  answer: Answer = () => good,
  spent?: PersonaRequest["spent"],
) {
  const asked: PersonaRequest["persona"][] = [];
  const model: PersonaModel = {
    name: "chat",
    async answer(request) {
      asked.push(request.persona);
      return answer(request);
    },
  };
  const opinion = withPersonaRules(model, prices).answer(
    {
      ...aRequest("How long?"),
      persona: aPersona(persona),
      ...(spent && { spent }),
    },
    never(),
  );
  return { asked, opinion: await opinion };
}

async function codeOf(asking: Promise<unknown>): Promise<ErrorCode> {
  const thrown: unknown = await asking.catch((error: unknown) => error);
  if (!(thrown instanceof NucleusError)) throw new TypeError("it did not fail");
  return thrown.code;
}

describe("tiers", () => {
  const model = {
    chatModelId: "large",
    tiers: [
      { chatModelId: "small", maxInputTokens: 2_000 },
      { chatModelId: "middle", maxInputTokens: 4_000 },
    ],
  };
  /** A word of each document is a token, and a call needs a hundred around them. */
  const counting = (
    answer: Answer = () => good,
  ): { model: PersonaModel; asked: (string | undefined)[] } => {
    const asked: (string | undefined)[] = [];
    return {
      asked,
      model: {
        name: "chat",
        measure: async ({ persona }) => ({
          room: persona.model.maxInputTokens - 100,
          tokenizer: { count: (text) => text.split(" ").length },
        }),
        async answer(request) {
          asked.push(request.persona.model.chatModelId);
          return answer(request);
        },
      },
    };
  };
  const about = (words: number) => ({
    ...aRequest("How long?", "word ".repeat(words).trim()),
    persona: aPersona({ model }),
  });

  test.each([
    [1_900, "small"],
    [1_901, "middle"],
    [3_900, "middle"],
    [3_901, "large"],
  ])("%i words go to the deployment %s", async (words, deployment) => {
    const { model, asked } = counting();
    const rules = withPersonaRules(model, prices);
    const opinion = await rules.answer(about(words), never());
    expect(asked).toEqual([deployment]);
    expect(opinion.deployment ?? "large").toBe(deployment);
  });

  test("one that fails leads to the persona's own deployment", async () => {
    const { model, asked } = counting(({ persona }) => {
      if (persona.model.chatModelId === "small")
        throw new NucleusError("model_throttled");
      return good;
    });
    const rules = withPersonaRules(model, prices);
    const opinion = await rules.answer(about(10), never());
    expect(asked).toEqual(["small", "large"]);
    expect(opinion.deployment).toBe("large");
  });
});

describe("a route", () => {
  const model = {
    chatModelId: "first",
    fallbacks: [
      { chatModelId: "second" },
      { chatModelId: "third", on: ["model_filtered"] },
    ],
  };
  /** Fails as scripted, by deployment. */
  const failing =
    (failures: Readonly<Record<string, NucleusError>>): Answer =>
    ({ persona }) => {
      const failure = failures[persona.model.chatModelId ?? ""];
      if (failure) throw failure;
      return good;
    };
  const filtered = () => new ModelFiltered({ stage: "prompt", findings: [] });
  const routeOf = ({ asked }: Awaited<ReturnType<typeof ask>>) =>
    asked.map((persona) => persona.model.chatModelId);

  test("that works at once asks one model, and says nothing of it", async () => {
    const outcome = await ask({ model });
    expect(routeOf(outcome)).toEqual(["first"]);
    expect(outcome.opinion).toEqual({ ...good, groundedness: 1 });
  });

  test("leads on for the failures that a fallback is there for, and says which one answered", async () => {
    const outcome = await ask(
      { model },
      failing({ first: new NucleusError("model_throttled") }),
    );
    expect(routeOf(outcome)).toEqual(["first", "second"]);
    expect(outcome.opinion.deployment).toBe("second");
  });

  test("leaves out a fallback that is not for the failure before it", async () => {
    const outcome = await ask({ model }, failing({ first: filtered() }));
    expect(routeOf(outcome)).toEqual(["first", "third"]);
  });

  test("ends where no fallback is for the failure", async () => {
    const failure = new NucleusError("model_refused");
    expect(await codeOf(ask({ model }, failing({ first: failure })))).toBe(
      "model_refused",
    );
  });

  test("that is exhausted reports what may pass by itself, so that all of it is tried again", async () => {
    const throttledThenFiltered = failing({
      first: new NucleusError("model_timeout"),
      second: filtered(),
      third: filtered(),
    });
    expect(await codeOf(ask({ model }, throttledThenFiltered))).toBe(
      "model_timeout",
    );
  });
});

describe("a budget", () => {
  const limitOf = async (
    budget: Readonly<Record<string, unknown>>,
    spent?: PersonaRequest["spent"],
  ) => {
    const { asked } = await ask(
      { model: { maxOutputTokens: 1_000, maxInputTokens: 50_000, budget } },
      undefined,
      spent,
    );
    return asked[0]?.model.maxInputTokens;
  };

  test("trims the input so that an answer and its repair fit into it", async () => {
    // 20,000 / 2 - 1,000
    expect(await limitOf({ maxTokens: 20_000 })).toBe(9_000);
    expect(await limitOf({ maxTokens: 1_000_000 })).toBe(50_000);
  });

  test("counts what was spent in earlier rounds", async () => {
    const spent = { inputTokens: 9_000, outputTokens: 1_000 };
    expect(await limitOf({ maxTokens: 20_000 }, spent)).toBe(4_000);
  });

  test("in dollars goes by the price of the deployment that is asked", async () => {
    // 0.06 $ = 60,000 µ$; half for each call; less 1,000 · 10 for the answer; at 2 µ$ a token
    expect(await limitOf({ maxCostUsd: 0.06 })).toBe(10_000);
    const spent = { inputTokens: 1, outputTokens: 1, costMicroUsd: 20_000 };
    expect(await limitOf({ maxCostUsd: 0.06 }, spent)).toBe(5_000);
  });

  test("that buys no answer fails, and the model is not asked", async () => {
    const spent = { inputTokens: 18_000, outputTokens: 0 };
    expect(await codeOf(limitOf({ maxTokens: 20_000 }, spent))).toBe(
      "persona_budget_exceeded",
    );
    expect(await codeOf(limitOf({ maxCostUsd: 0.001 }))).toBe(
      "persona_budget_exceeded",
    );
  });

  test("of a deployment that is free stays as it is", () => {
    const persona = aPersona({ model: { budget: { maxCostUsd: 1 } } });
    const free = { inputPerMillion: 0, outputPerMillion: 0 };
    const fitted = fitToBudget(persona, good.usage, free);
    expect(fitted.model.maxInputTokens).toBe(32_000);
  });

  test("in dollars needs the price of every deployment of the route", () => {
    const personas = [
      aPersona(),
      aPersona({
        personaId: "saver",
        model: {
          budget: { maxCostUsd: 1 },
          fallbacks: [{ chatModelId: "dear" }],
        },
      }),
    ];
    expect(findUnpriced(personas, prices, "chat")).toEqual({
      personaId: "saver",
      model: "dear",
    });
    expect(findUnpriced(personas.slice(0, 1), prices, "x")).toBeUndefined();
  });
});

describe("guardrails", () => {
  const guarded = async (
    guardrails: Readonly<Record<string, unknown>>,
    opinion: Partial<PersonaOpinion> = {},
  ) => {
    const answer = () => ({ ...good, ...opinion });
    return (await ask({ guardrails }, answer)).opinion;
  };

  test("let an answer pass that keeps to them", async () => {
    expect(await guarded({ minQuotes: 3 })).toEqual({
      ...good,
      groundedness: 1,
    });
  });

  test("cut quotes to as many as may leave", async () => {
    expect((await guarded({ maxQuotes: 1 })).quotes).toHaveLength(1);
  });

  test("make an answer without evidence one that found nothing", async () => {
    const refused = await guarded({ minQuotes: 1 }, { quotes: [] });
    expect(refused).toMatchObject({
      notFound: true,
      keyPoints: [],
      quotes: [],
    });
    expect(refused.answer).not.toContain("Nine");
    expect(refused.data).toBeUndefined();
    expect(refused.usage).toEqual(good.usage);
  });

  test("fail the persona where it must rather fail", async () => {
    const failing = guarded(
      { minQuotes: 1, withoutEvidence: "fail" },
      { quotes: [] },
    );
    expect(await codeOf(failing)).toBe("persona_evidence_missing");
  });

  test("ask no evidence of who found nothing", async () => {
    const opinion = { notFound: true, quotes: [] };
    expect(await guarded({ minQuotes: 1 }, opinion)).toMatchObject({
      answer: "Nine months.",
    });
  });

  test("empty what must not leave", async () => {
    expect(await guarded({ outputFields: ["data"] })).toMatchObject({
      answer: "",
      keyPoints: [],
      quotes: [],
      data: { months: 9 },
    });
    const { data } = await guarded({ outputFields: ["answer"] });
    expect(data).toBeUndefined();
  });
});
