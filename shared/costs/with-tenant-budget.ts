import { callsPerAnswer } from "../personas/model-budget.ts";
import { costOf, type ModelPrices } from "../personas/model-prices.ts";
import type {
  PersonaModel,
  PersonaRequest,
} from "../personas/persona-model.ts";
import type { TokenUsage } from "../personas/token-usage.ts";
import type { Amount, TenantBudget } from "./tenant-budget.ts";

const nothing: Amount = { tokens: 0, costMicroUsd: 0 };

/**
 * The model, paid for from the budget of the tenant that asks: the most that an answer and its repair take is reserved
 * before, and what they took is counted after. A model that bounds nothing costs nothing, and is not counted.
 */
export function withTenantBudget(
  model: PersonaModel,
  {
    budget,
    prices,
  }: { readonly budget: TenantBudget; readonly prices: ModelPrices },
): PersonaModel {
  if (model.measure === undefined) return model;
  return {
    ...model,
    async answer(request, signal) {
      const { payer, persona } = request;
      if (payer === undefined) return model.answer(request, signal);
      const most = toMost(
        persona.model,
        prices.get(persona.model.chatModelId ?? model.name),
      );
      const reservation = await budget.reserve(payer, most);
      // What cannot be settled stays reserved: too much is counted then, and never too little.
      const settle = (taken: Amount) =>
        reservation.settle(taken).catch(() => undefined);
      try {
        const opinion = await model.answer(request, signal);
        await settle(toTaken(opinion.usage, most));
        return opinion;
      } catch (thrown) {
        await settle(nothing);
        throw thrown;
      }
    },
  };
}

function toMost(
  { maxInputTokens, maxOutputTokens }: PersonaRequest["persona"]["model"],
  price: Parameters<typeof costOf>[1] | undefined,
): Amount {
  const usage = {
    inputTokens: callsPerAnswer * maxInputTokens,
    outputTokens: callsPerAnswer * maxOutputTokens,
  };
  return {
    tokens: usage.inputTokens + usage.outputTokens,
    costMicroUsd: price === undefined ? 0 : Math.ceil(costOf(usage, price)),
  };
}

/** An endpoint that counts nothing is taken to have used all. */
function toTaken(
  { inputTokens, outputTokens, costMicroUsd = 0 }: TokenUsage,
  most: Amount,
): Amount {
  const tokens = inputTokens + outputTokens;
  return tokens === 0 ? most : { tokens, costMicroUsd };
}
