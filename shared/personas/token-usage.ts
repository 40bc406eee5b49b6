import { z } from "zod";
import { Count, defineMetadata } from "../kernel/metadata.ts";

/** What a model counted for one answer or more, all its calls included. */
export const TokenUsage = defineMetadata(
  z.strictObject({
    inputTokens: Count,
    outputTokens: Count,
    /** The part of the input that the endpoint had in its cache, where it says so. */
    cachedInputTokens: Count.optional(),
    /** The part of the output that a reasoning model spent on thinking, where the endpoint says so. */
    reasoningTokens: Count.optional(),
    /** In millionths of a US dollar, whole; absent where a price is not known. */
    costMicroUsd: Count.optional(),
  }),
);
export type TokenUsage = z.infer<typeof TokenUsage>;

/** The usage that is part of something else. */
export function toUsage(of: TokenUsage): TokenUsage {
  const { cachedInputTokens, reasoningTokens, costMicroUsd } = of;
  return {
    inputTokens: of.inputTokens,
    outputTokens: of.outputTokens,
    ...(cachedInputTokens !== undefined && { cachedInputTokens }),
    ...(reasoningTokens !== undefined && { reasoningTokens }),
    ...(costMicroUsd !== undefined && { costMicroUsd }),
  };
}

/** The sum of some usages. Its cost is known only when the cost of each is: part of a sum would look like all of it. */
export function sumUsage(usages: readonly TokenUsage[]): TokenUsage {
  const cached = usages.flatMap((usage) => usage.cachedInputTokens ?? []);
  const reasoning = usages.flatMap((usage) => usage.reasoningTokens ?? []);
  const costs = usages.flatMap((usage) => usage.costMicroUsd ?? []);
  return {
    inputTokens: sum(usages.map((usage) => usage.inputTokens)),
    outputTokens: sum(usages.map((usage) => usage.outputTokens)),
    ...(cached.length > 0 && { cachedInputTokens: sum(cached) }),
    ...(reasoning.length > 0 && { reasoningTokens: sum(reasoning) }),
    ...(costs.length > 0 &&
      costs.length === usages.length && { costMicroUsd: sum(costs) }),
  };
}

function sum(counts: readonly number[]): number {
  return counts.reduce((total, count) => total + count, 0);
}
