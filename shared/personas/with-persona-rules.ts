import type { TenantBudget } from "../costs/tenant-budget.ts";
import { withTenantBudget } from "../costs/with-tenant-budget.ts";
import { withCheckedWords } from "./checked-words.ts";
import { withGuardrails } from "./guardrails.ts";
import { withBudget } from "./model-budget.ts";
import type { ModelPrices } from "./model-prices.ts";
import { withRoute } from "./model-route.ts";
import { withTiers } from "./model-tiers.ts";
import type { PersonaModel } from "./persona-model.ts";

interface TenantRules {
  readonly tenantBudget?: TenantBudget | undefined;
}

/** A model as personas ask it: along their route, within their budget, its words checked, held to their guardrails. */
export function withPersonaRules(
  model: PersonaModel,
  prices: ModelPrices,
  { tenantBudget: budget }: TenantRules = {},
): PersonaModel {
  const paid = budget ? withTenantBudget(model, { budget, prices }) : model;
  return withGuardrails(
    withCheckedWords(withTiers(withRoute(withBudget(paid, prices)))),
  );
}
