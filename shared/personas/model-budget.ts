import { NucleusError } from "../kernel/errors.ts";
import type { ModelPrice, ModelPrices } from "./model-prices.ts";
import type { PersonaDefinition } from "./persona.ts";
import type { PersonaModel } from "./persona-model.ts";
import type { TokenUsage } from "./token-usage.ts";

/** One to answer, one to repair. */
export const callsPerAnswer = 2;
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
  const priceOf = ({ model: { chatModelId } }: PersonaDefinition) =>
    prices.get(chatModelId ?? model.name);
  const { measure } = model;
  return {
    ...model,
    ...(measure && {
      async measure(request) {
        const { persona, spent = noUsage } = request;
        const calls = callsWithin(persona, spent, priceOf(persona));
        const measured = await measure(request);
        return calls === undefined ? measured : { ...measured, calls };
      },
    }),
    answer(request, signal) {
      const { persona, spent = noUsage } = request;
      const fitted = fitToBudget(persona, spent, priceOf(persona));
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

/** How many calls of full length what is left of a budget buys. */
function callsWithin(
  { model: { budget, maxInputTokens, maxOutputTokens } }: PersonaDefinition,
  spent: TokenUsage,
  price: ModelPrice | undefined,
): number | undefined {
  const { maxTokens, maxCostUsd } = budget ?? {};
  const limits: number[] = [];
  if (maxTokens !== undefined) {
    const left = maxTokens - spent.inputTokens - spent.outputTokens;
    limits.push(left / (maxInputTokens + maxOutputTokens));
  }
  if (maxCostUsd !== undefined && price !== undefined) {
    const left = maxCostUsd * 1e6 - (spent.costMicroUsd ?? 0);
    const full =
      maxInputTokens * price.inputPerMillion +
      maxOutputTokens * price.outputPerMillion;
    if (full > 0) limits.push(left / full);
  }
  return limits.length === 0
    ? undefined
    : Math.max(0, Math.floor(Math.min(...limits)));
}

/** What each of the lanes that read parts may take, when a share is kept for what comes after them. */
export function toLaneBudget(
  persona: PersonaDefinition,
  { lanes, kept }: { readonly lanes: number; readonly kept: number },
): PersonaDefinition {
  const { budget } = persona.model;
  if (budget === undefined) return persona;
  const share = (1 - kept) / lanes;
  const { maxTokens, maxCostUsd } = budget;
  return {
    ...persona,
    model: {
      ...persona.model,
      budget: {
        ...(maxTokens !== undefined && { maxTokens: maxTokens * share }),
        ...(maxCostUsd !== undefined && { maxCostUsd: maxCostUsd * share }),
      },
    },
  };
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
      ...model.tiers.map(({ chatModelId }) => chatModelId),
      model.chatModelId ?? modelName,
      ...model.fallbacks.map(({ chatModelId }) => chatModelId),
    ];
    const unpriced = asked.find((name) => !prices.has(name));
    if (unpriced !== undefined) return { personaId, model: unpriced };
  }
  return undefined;
}
