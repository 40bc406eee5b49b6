import { NucleusError } from "../kernel/errors.ts";
import type { ModelPrice, ModelPrices } from "./model-prices.ts";
import type { PersonaDefinition } from "./persona.ts";
import type { PersonaModel } from "./persona-model.ts";
import type { TokenUsage } from "./token-usage.ts";

/** One to answer, one to repair. */
const callsPerAnswer = 2;
const leastInputTokens = 1_000;
const noUsage: TokenUsage = { inputTokens: 0, outputTokens: 0 };

/**
 * The model, asked for no more than the persona's budget has left: what the answer and its repair take at most fits into
 * it, and documents are trimmed until it does.
 *
 * @throws NucleusError persona_budget_exceeded when what is left buys no answer
 */
export function withBudget(
  model: PersonaModel,
  prices: ModelPrices,
): PersonaModel {
  return {
    name: model.name,
    answer(request, signal) {
      const { persona, spent = noUsage } = request;
      const asked = persona.model.chatModelId ?? model.name;
      const fitted = fitToBudget(persona, spent, prices.get(asked));
      return model.answer({ ...request, persona: fitted }, signal);
    },
  };
}

/** The persona with the input limit that its budget leaves for one more answer. */
export function fitToBudget(
  persona: PersonaDefinition,
  spent: TokenUsage,
  price: ModelPrice | undefined,
): PersonaDefinition {
  const { budget, maxInputTokens, maxOutputTokens } = persona.model;
  if (budget === undefined) return persona;
  const limits = [maxInputTokens];
  if (budget.maxTokens !== undefined) {
    const left = budget.maxTokens - spent.inputTokens - spent.outputTokens;
    limits.push(left / callsPerAnswer - maxOutputTokens);
  }
  if (budget.maxCostUsd !== undefined && price !== undefined) {
    const leftMicroUsd = budget.maxCostUsd * 1e6 - (spent.costMicroUsd ?? 0);
    const forInput =
      leftMicroUsd / callsPerAnswer - maxOutputTokens * price.outputPerMillion;
    if (price.inputPerMillion > 0 || forInput < 0)
      limits.push(forInput / price.inputPerMillion);
  }
  const fits = Math.floor(Math.min(...limits));
  if (fits < leastInputTokens)
    throw new NucleusError("persona_budget_exceeded");
  return { ...persona, model: { ...persona.model, maxInputTokens: fits } };
}

/**
 * The first deployment with a cost budget and no price, by persona: such a budget could not be kept.
 *
 * @param modelName the deployment that is asked where a persona names none
 */
export function findUnpriced(
  personas: Iterable<PersonaDefinition>,
  prices: ModelPrices,
  modelName: string,
): { readonly personaId: string; readonly model: string } | undefined {
  for (const { personaId, model } of personas) {
    if (model.budget?.maxCostUsd === undefined) continue;
    const asked = [
      model.chatModelId ?? modelName,
      ...model.fallbacks.map(({ chatModelId }) => chatModelId),
    ];
    const unpriced = asked.find((name) => !prices.has(name));
    if (unpriced !== undefined) return { personaId, model: unpriced };
  }
  return undefined;
}
