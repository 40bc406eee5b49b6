import { z } from "zod";
import { Count, defineMetadata } from "../kernel/metadata.ts";

/** From 0 to 1, three decimals. */
export const Score = z.number().min(0).max(1);

/** How much less sure than the leader a persona may be and still count as its supporter. */
const supportWithin = 0.15;
/** What an opinion counts that says nothing of how sure it is. */
const unsaid = 0.5;

/** What consensus needs to know of an opinion. Personas are told by their place in the job's list (`item`). */
export interface Position {
  readonly item: number;
  readonly confidence?: number | undefined;
  readonly notFound: boolean;
  /** The personas that it said to agree with, of those whose opinions it was shown; absent where it was shown none. */
  readonly agreesWith?: readonly number[] | undefined;
}

/** How a round of a panel ended: who leads, who stands with it, and by how much. Scores and places, no words. */
export const ConsensusSnapshot = defineMetadata(
  z.strictObject({
    /** From 1. */
    round: Count,
    leader: Count,
    /** The share of all confidence that stands behind the leader, its own included. */
    score: Score,
    supporters: z.array(Count),
    dissenters: z.array(Count),
    /** How sure each was that holds an opinion. */
    positions: z.array(z.strictObject({ item: Count, confidence: Score })),
  }),
);
export type ConsensusSnapshot = z.infer<typeof ConsensusSnapshot>;

/**
 * The consensus of some positions. Histories hold what it answers, so a changed rule is another function.
 *
 * N1. The surest of those that found an answer leads; where nobody did, the surest of all. Of equals, the first asked.
 * N2. Whoever was shown opinions supports the leader by saying that it agrees.
 * N3. Whoever was not supports it by coming to the same finding and being at most 0.15 less sure.
 * N4. The score is the supporters' share of all confidence.
 *
 * @returns `undefined` when there is no position
 */
export function toConsensus(
  positions: readonly Position[],
  round: number,
): ConsensusSnapshot | undefined {
  const found = positions.filter(({ notFound }) => !notFound);
  const leader = surestOf(found.length > 0 ? found : positions);
  if (leader === undefined) return undefined;
  const supporters = positions.filter(
    (position) => position === leader || supports(position, leader),
  );
  const dissenters = positions.filter(
    (position) => !supporters.includes(position),
  );
  const total = sumOf(positions);
  return {
    round,
    leader: leader.item,
    score: total === 0 ? 0 : toScore(sumOf(supporters) / total),
    supporters: supporters.map(({ item }) => item),
    dissenters: dissenters.map(({ item }) => item),
    positions: positions.map((position) => ({
      item: position.item,
      confidence: sureness(position),
    })),
  };
}

/** A number as a score: within 0 and 1, three decimals. */
export function toScore(value: number): number {
  return Math.min(1, Math.max(0, Math.round(value * 1000) / 1000));
}

function surestOf(positions: readonly Position[]): Position | undefined {
  const [first, ...others] = positions;
  if (first === undefined) return undefined;
  return others.reduce(
    (top, next) => (sureness(next) > sureness(top) ? next : top),
    first,
  );
}

function supports(position: Position, leader: Position): boolean {
  return (
    position.agreesWith?.includes(leader.item) ??
    (position.notFound === leader.notFound &&
      toScore(sureness(leader) - sureness(position)) <= supportWithin)
  );
}

function sureness({ confidence = unsaid }: Position): number {
  return confidence;
}

function sumOf(positions: readonly Position[]): number {
  return positions.reduce((sum, position) => sum + sureness(position), 0);
}
