import { describe, expect, test } from "vitest";
import {
  costOf,
  parseModelPrices,
  withCosts,
} from "../../../shared/personas/model-prices.ts";
import type { PersonaModel } from "../../../shared/personas/persona-model.ts";
import {
  sumUsage,
  type TokenUsage,
} from "../../../shared/personas/token-usage.ts";
import { aPersona, aRequest, never } from "./persona-builders.ts";

const price = {
  inputPerMillion: 2.5,
  cachedInputPerMillion: 1.25,
  outputPerMillion: 10,
};

function usage(
  inputTokens: number,
  outputTokens: number,
  others: Partial<TokenUsage> = {},
): TokenUsage {
  return { inputTokens, outputTokens, ...others };
}

describe("the price table", () => {
  test("is read from JSON, by model or deployment", () => {
    const prices = parseModelPrices(JSON.stringify({ "gpt-4o": price }));
    expect([...prices]).toEqual([["gpt-4o", price]]);
  });

  test.each(["", "  \n"])("is empty without text: %j", (text) => {
    expect(parseModelPrices(text).size).toBe(0);
  });

  test.each([
    ["{", "must be JSON such as"],
    ["[]", "must be JSON such as"],
    ['{"m": {"inputPerMillion": 1}}', "m.outputPerMillion: "],
    [
      '{"m": {"inputPerMillion": -1, "outputPerMillion": 1}}',
      "m.inputPerMillion: ",
    ],
    [
      '{"m": {"inputPerMillion": 1, "outputPerMillion": 1, "inputPerThousand": 1}}',
      "m: ",
    ],
  ])("that is malformed says where: %s", (text, message) => {
    expect(() => parseModelPrices(text)).toThrow(RangeError);
    expect(() => parseModelPrices(text)).toThrow(message);
  });
});

describe("a cost", () => {
  test.each([
    ["input and output", usage(1_000, 100), 3_500],
    [
      "input from the cache at its own price",
      usage(1_000, 100, { cachedInputTokens: 800 }),
      2_500,
    ],
    [
      "reasoning as the output that it is part of",
      usage(1_000, 100, { reasoningTokens: 90 }),
      3_500,
    ],
    ["half a micro-dollar as a whole one", usage(1, 0), 3],
    [
      "no more cached input than there is input",
      usage(100, 0, { cachedInputTokens: 900 }),
      125,
    ],
  ])("counts %s", (_, counted, microUsd) => {
    expect(costOf(counted, price)).toBe(microUsd);
  });

  test("of cached input is the input's where it has no price of its own", () => {
    const plain = { inputPerMillion: 2, outputPerMillion: 8 };
    expect(costOf(usage(10, 0, { cachedInputTokens: 10 }), plain)).toBe(20);
  });
});

describe("a model with prices", () => {
  function answering(counted: TokenUsage): PersonaModel {
    return {
      name: "chat-eu",
      answer: async () => ({
        answer: "Yes.",
        keyPoints: [],
        quotes: [],
        notFound: false,
        usage: counted,
        model: "gpt-4o-2024-11-20",
      }),
    };
  }

  const costIn = async (
    table: Readonly<Record<string, unknown>>,
    { chatModelId = undefined as string | undefined, tokens = 1_000 } = {},
  ) => {
    const model = withCosts(
      answering(usage(tokens, 0)),
      parseModelPrices(JSON.stringify(table)),
    );
    const persona = aPersona({
      model: chatModelId === undefined ? {} : { chatModelId },
    });
    const request = { ...aRequest("Is it?"), persona };
    return (await model.answer(request, never())).usage.costMicroUsd;
  };
  const at = (inputPerMillion: number) => ({
    inputPerMillion,
    outputPerMillion: 0,
  });

  test("takes the price of the deployment before that of the model behind it", async () => {
    const behind = { "gpt-4o-2024-11-20": at(2) };
    expect(await costIn(behind)).toBe(2_000);
    expect(await costIn({ ...behind, "chat-eu": at(3) })).toBe(3_000);
  });

  test("takes the price of the persona's own deployment", async () => {
    const table = { "chat-eu": at(3), "thinker-eu": at(7) };
    expect(await costIn(table, { chatModelId: "thinker-eu" })).toBe(7_000);
  });

  test("gives no cost where it knows no price, or where nothing was counted", async () => {
    expect(await costIn({ other: at(2) })).toBeUndefined();
    expect(await costIn({ "chat-eu": at(2) }, { tokens: 0 })).toBeUndefined();
  });
});

describe("a sum of usages", () => {
  test("adds what is counted, and leaves out what nobody counted", () => {
    expect(sumUsage([usage(1, 2), usage(3, 4)])).toEqual(usage(4, 6));
    expect(
      sumUsage([
        usage(1, 2, { cachedInputTokens: 1, costMicroUsd: 5 }),
        usage(3, 4, { reasoningTokens: 3, costMicroUsd: 6 }),
      ]),
    ).toEqual(
      usage(4, 6, {
        cachedInputTokens: 1,
        reasoningTokens: 3,
        costMicroUsd: 11,
      }),
    );
  });

  test("has a cost only when every part has one", () => {
    expect(
      sumUsage([usage(1, 2, { costMicroUsd: 5 }), usage(3, 4)]),
    ).not.toHaveProperty("costMicroUsd");
    expect(sumUsage([])).toEqual(usage(0, 0));
  });
});
