/** What something takes at least and at most. */
export interface Range {
  readonly atLeast: number;
  readonly atMost: number;
}

export function sumRanges(ranges: readonly Range[]): Range {
  return {
    atLeast: ranges.reduce((sum, { atLeast }) => sum + atLeast, 0),
    atMost: ranges.reduce((sum, { atMost }) => sum + atMost, 0),
  };
}
