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
    /** What the documents were, whole; and what of them went into prompts. Absent where none has a bound. */
    documentTokens: Count.optional(),
    sentDocumentTokens: Count.optional(),
    /** In millionths of a US dollar, whole; absent where a price is not known. */
    costMicroUsd: Count.optional(),
  }),
);
export type TokenUsage = z.infer<typeof TokenUsage>;

/** What is not told of every usage; a sum has what one of its parts has. */
const optionalCounts = [
  "cachedInputTokens",
  "reasoningTokens",
  "documentTokens",
  "sentDocumentTokens",
] as const;

/** The usage that is part of something else. */
export function toUsage(of: TokenUsage): TokenUsage {
  const { inputTokens, outputTokens, costMicroUsd } = of;
  return {
    inputTokens,
    outputTokens,
    ...sumOptional([of]),
    ...(costMicroUsd !== undefined && { costMicroUsd }),
  };
}

/**
 * The sum of some usages. Its cost is known only when the cost of each that took anything is: part of a sum would look
 * like all of it.
 */
export function sumUsage(usages: readonly TokenUsage[]): TokenUsage {
  const counted = usages.filter(
    ({ inputTokens, outputTokens }) => inputTokens + outputTokens > 0,
  );
  const costs = counted.flatMap((usage) => usage.costMicroUsd ?? []);
  return {
    inputTokens: sum(usages.map((usage) => usage.inputTokens)),
    outputTokens: sum(usages.map((usage) => usage.outputTokens)),
    ...sumOptional(usages),
    ...(costs.length > 0 &&
      costs.length === counted.length && { costMicroUsd: sum(costs) }),
  };
}

/** An equal share of what was taken, rounded up. */
export function shareUsage(
  { inputTokens, outputTokens, costMicroUsd }: TokenUsage,
  count: number,
): TokenUsage {
  return {
    inputTokens: Math.ceil(inputTokens / count),
    outputTokens: Math.ceil(outputTokens / count),
    ...(costMicroUsd !== undefined && {
      costMicroUsd: Math.ceil(costMicroUsd / count),
    }),
  };
}

function sumOptional(
  usages: readonly TokenUsage[],
): Pick<TokenUsage, (typeof optionalCounts)[number]> {
  return Object.fromEntries(
    optionalCounts.flatMap((name) => {
      const known = usages.flatMap((usage) => usage[name] ?? []);
      return known.length === 0 ? [] : [[name, sum(known)]];
    }),
  );
}

function sum(counts: readonly number[]): number {
  return counts.reduce((total, count) => total + count, 0);
}
