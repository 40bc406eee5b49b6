import { z } from "zod";
import type { PersonaModel } from "./persona-model.ts";
import type { TokenUsage } from "./token-usage.ts";

/** US dollars for a million tokens, which are micro-dollars for one. */
const Price = z.number().nonnegative();

const ModelPrice = z.strictObject({
  inputPerMillion: Price,
  /** What input costs that the endpoint had in its cache; `inputPerMillion` when absent. */
  cachedInputPerMillion: Price.optional(),
  outputPerMillion: Price,
});
export type ModelPrice = z.infer<typeof ModelPrice>;

/** Prices by the name of a model or deployment. */
export type ModelPrices = ReadonlyMap<string, ModelPrice>;

const example = '{"gpt-4o": {"inputPerMillion": 2.5, "outputPerMillion": 10}}';

/**
 * Reads the price table: a JSON object from model or deployment to its prices in US dollars per million tokens. Empty
 * text is an empty table.
 *
 * @throws RangeError saying which model's which price is wrong.
 */
export function parseModelPrices(text: string): ModelPrices {
  if (text.trim() === "") return new Map();
  const parsed = z
    .record(z.string().min(1), ModelPrice)
    .safeParse(toJson(text));
  if (parsed.success) return new Map(Object.entries(parsed.data));
  const issue = parsed.error.issues[0];
  const where = issue?.path.map(String).join(".") ?? "";
  throw new RangeError(
    `must be JSON such as ${example}; ${where === "" ? "" : `${where}: `}${issue?.message ?? "malformed"}`,
  );
}

function toJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

/**
 * What a usage costs, in whole micro-dollars: rounded half up, once, over all the tokens of the usage. Reasoning tokens
 * are output and cost what output costs.
 */
export function costOf(usage: TokenUsage, price: ModelPrice): number {
  const { inputTokens, outputTokens, cachedInputTokens = 0 } = usage;
  const cached = Math.min(cachedInputTokens, inputTokens);
  const { inputPerMillion, outputPerMillion } = price;
  const cachedPerMillion = price.cachedInputPerMillion ?? inputPerMillion;
  return Math.round(
    (inputTokens - cached) * inputPerMillion +
      cached * cachedPerMillion +
      outputTokens * outputPerMillion,
  );
}

/**
 * The model, saying with each answer what it cost. The price is the one of the deployment that was asked, or else of
 * the model that the endpoint says it is. Without a price, or where the endpoint counts no tokens, no cost is given.
 */
export function withCosts(
  model: PersonaModel,
  prices: ModelPrices,
): PersonaModel {
  return {
    ...model,
    async answer(request, signal) {
      const opinion = await model.answer(request, signal);
      const { usage } = opinion;
      const asked = request.persona.model.chatModelId ?? model.name;
      const price = prices.get(asked) ?? prices.get(opinion.model);
      const isCounted = usage.inputTokens + usage.outputTokens > 0;
      if (price === undefined || !isCounted) return opinion;
      return {
        ...opinion,
        usage: { ...usage, costMicroUsd: costOf(usage, price) },
      };
    },
  };
}
