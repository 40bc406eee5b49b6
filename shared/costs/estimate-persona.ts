import { Content } from "../kernel/content.ts";
import { callsPerAnswer } from "../personas/model-budget.ts";
import { costOf, type ModelPrices } from "../personas/model-prices.ts";
import { countParts, laneCount, toLevels } from "../personas/part-counts.ts";
import type { PersonaDefinition } from "../personas/persona.ts";
import type { PersonaModel } from "../personas/persona-model.ts";
import { asksForSummary } from "../personas/retrieval/question.ts";
import { type Range, sumRanges } from "./range.ts";

export interface PersonaEstimate {
  readonly personaId: string;
  readonly version: string;
  /** The deployments of its route, in the order in which they are asked. */
  readonly models: readonly string[];
  readonly activities: Range;
  readonly orchestrations: Range;
  readonly inputTokens: Range;
  readonly outputTokens: Range;
  /** `unknown` where a deployment has no price. */
  readonly costMicroUsd: Range | "unknown";
}

interface Asked {
  readonly persona: PersonaDefinition;
  readonly queryText: string | undefined;
  readonly documentTokens: Range;
  readonly maxRounds: number;
}

/** How many calls there are, and what the shortest and the longest of them say. */
interface Calls {
  readonly count: Range;
  readonly inputTokens: Range;
  readonly activities: Range;
  readonly orchestrations: Range;
}

/** What a persona may take: from one call that goes well, to every call repaired at every stop of its route. */
export async function estimatePersona(
  {
    model,
    prices,
  }: { readonly model: PersonaModel; readonly prices: ModelPrices },
  asked: Asked,
): Promise<PersonaEstimate> {
  const { persona } = asked;
  const { tiers, chatModelId = model.name, fallbacks, budget } = persona.model;
  const models = [
    ...tiers.map((tier) => tier.chatModelId),
    chatModelId,
    ...fallbacks.map((stop) => stop.chatModelId),
  ];
  const calls = await estimateCalls(model, asked);
  const attempts = callsPerAnswer * models.length;
  const { count } = calls;
  const isFree = model.measure === undefined;
  const input: Range = {
    atLeast: calls.inputTokens.atLeast,
    atMost: calls.inputTokens.atMost * attempts,
  };
  const output: Range = {
    atLeast: isFree ? 0 : count.atLeast,
    atMost: isFree
      ? 0
      : count.atMost * attempts * persona.model.maxOutputTokens,
  };
  return {
    personaId: persona.personaId,
    version: persona.version,
    models,
    activities: calls.activities,
    orchestrations: calls.orchestrations,
    inputTokens: capped(input, budget?.maxTokens),
    outputTokens: capped(output, budget?.maxTokens),
    costMicroUsd: isFree
      ? { atLeast: 0, atMost: 0 }
      : toCost({ input, output, models, prices }, budget?.maxCostUsd),
  };
}

async function estimateCalls(
  model: PersonaModel,
  { persona, queryText, documentTokens, maxRounds }: Asked,
): Promise<Calls> {
  const rounds = { atLeast: 1, atMost: maxRounds };
  const query =
    queryText === undefined ? undefined : Content.fromText(queryText);
  const measured = await model.measure?.({ persona, query, documents: [] });
  const each = (count: Range): Calls => ({
    count,
    activities: count,
    orchestrations: rounds,
    inputTokens: { atLeast: 0, atMost: 0 },
  });
  if (measured === undefined) return each(rounds);
  const { room, calls = Infinity } = measured;
  const { maxInputTokens } = persona.model;
  const around = maxInputTokens - room;
  const isSummary = queryText === undefined || asksForSummary(queryText);
  const inputOf = (tokens: number): number =>
    Math.min(maxInputTokens, around + tokens);
  const mostParts = isSummary
    ? countParts(Math.ceil(documentTokens.atMost / Math.max(1, room / 2)), {
        room,
        calls,
      })
    : undefined;
  const one = {
    ...each(rounds),
    inputTokens: {
      atLeast: inputOf(Math.min(documentTokens.atLeast, room)),
      atMost: inputOf(documentTokens.atMost) * maxRounds,
    },
  };
  if (mostParts === undefined || documentTokens.atMost <= room) return one;
  const levels = toLevels(mostParts);
  const noted = levels.reduce((sum, parts) => sum + parts, 0);
  return {
    count: { atLeast: 1, atMost: noted + maxRounds },
    activities: { atLeast: 1, atMost: noted + 1 + maxRounds },
    orchestrations: {
      atLeast: 1,
      atMost: maxRounds + laneCount * levels.length,
    },
    inputTokens: {
      atLeast: one.inputTokens.atLeast,
      atMost: (noted + maxRounds) * maxInputTokens,
    },
  };
}

function capped(range: Range, most: number = Infinity): Range {
  return {
    atLeast: Math.min(range.atLeast, most),
    atMost: Math.min(range.atMost, most),
  };
}

function toCost(
  of: {
    readonly input: Range;
    readonly output: Range;
    readonly models: readonly string[];
    readonly prices: ModelPrices;
  },
  maxCostUsd: number | undefined,
): Range | "unknown" {
  const prices = of.models.map((name) => of.prices.get(name));
  const [first] = prices;
  if (first === undefined || prices.includes(undefined)) return "unknown";
  const usage = (limit: keyof Range) => ({
    inputTokens: of.input[limit],
    outputTokens: of.output[limit],
  });
  const cached = { cachedInputTokens: of.input.atLeast };
  return capped(
    {
      atLeast: costOf({ ...usage("atLeast"), ...cached }, first),
      atMost: Math.max(
        ...prices.map((price) => (price ? costOf(usage("atMost"), price) : 0)),
      ),
    },
    maxCostUsd === undefined ? undefined : maxCostUsd * 1e6,
  );
}

/** The sum, where each is known. */
export function sumCosts(
  costs: readonly PersonaEstimate["costMicroUsd"][],
): PersonaEstimate["costMicroUsd"] {
  const known = costs.filter((cost) => cost !== "unknown");
  return known.length === costs.length ? sumRanges(known) : "unknown";
}
