/** The middle of the repeats, and how far they lie apart. */
export interface Range {
  readonly median: number;
  readonly min: number;
  readonly max: number;
}

/** @throws RangeError without samples. */
export function toRange(samples: readonly number[]): Range {
  return {
    median: percentile(samples, 0.5),
    min: percentile(samples, 0),
    max: percentile(samples, 1),
  };
}

/**
 * The value that `share` (0 to 1) of the samples do not exceed, interpolated between neighbours: 0.5 of an even number
 * of samples lies between the middle two.
 *
 * @throws RangeError without samples.
 */
export function percentile(samples: readonly number[], share: number): number {
  const sorted = samples.toSorted((left, right) => left - right);
  const position = share * (sorted.length - 1);
  const below = sorted[Math.floor(position)];
  const above = sorted[Math.ceil(position)];
  if (below === undefined || above === undefined)
    throw new RangeError("there is nothing to take a percentile of");
  return below + (above - below) * (position - Math.floor(position));
}

export type Unit = "workflows/s" | "ms";

/** How many times better `ours` is than the best of `peers`: above 1 is better in any unit. */
export function toRatio(
  unit: Unit,
  ours: number,
  peers: readonly number[],
): number | undefined {
  if (peers.length === 0) return undefined;
  return unit === "ms" ? Math.min(...peers) / ours : ours / Math.max(...peers);
}
