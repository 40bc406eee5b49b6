import { withCheckedWords } from "./checked-words.ts";
import { withGuardrails } from "./guardrails.ts";
import { withBudget } from "./model-budget.ts";
import type { ModelPrices } from "./model-prices.ts";
import { withRoute } from "./model-route.ts";
import type { PersonaModel } from "./persona-model.ts";

/** A model as personas ask it: along their route, within their budget, its words checked, held to their guardrails. */
export function withPersonaRules(
  model: PersonaModel,
  prices: ModelPrices,
): PersonaModel {
  return withGuardrails(withCheckedWords(withRoute(withBudget(model, prices))));
}
