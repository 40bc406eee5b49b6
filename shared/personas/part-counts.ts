import { z } from "zod";
import { Count, defineMetadata } from "../kernel/metadata.ts";

/**
 * Reading what one call cannot hold: the documents are cut into parts, each part is noted by itself (level 1), notes are
 * noted together while they are too many for one call (levels 2 and 3), and the rest are what the opinion is formed from.
 *
 * What follows from the counts is part of recorded histories: other rules are a new version of the workflow.
 */

/** How many parts of one level are read at the same time. */
export const laneCount = 4;
export const maxLevels = 3;
/** What keeps a job's history, and its cost, within bounds. */
const maxParts = 256;
/** What of a budget is kept for the opinion itself. */
export const concludeShare = 1 / 4;
/** The lines around a document in a prompt. */
export const aroundDocument = 40;
/** What a note may take. */
export const noteTokens = 600;
const fewestNotes = 2;
const mostNotes = 40;

export const PartCounts = defineMetadata(
  z.strictObject({
    /** What the documents come to. */
    parts: Count,
    /** How many of them are to be read: fewer where the persona's budget does not reach. */
    planned: Count,
    /** How many notes go into one call. */
    fanIn: Count,
  }),
);
export type PartCounts = z.infer<typeof PartCounts>;

/**
 * How many of the parts are read, and how their notes go together.
 *
 * @param room - what one call holds of documents, in tokens
 * @param calls - how many calls the persona's budget buys
 * @returns `undefined` where reading in parts would read no more than one call does
 */
export function countParts(
  parts: number,
  { room, calls }: { readonly room: number; readonly calls: number },
): PartCounts | undefined {
  const fanIn = Math.min(
    mostNotes,
    Math.max(fewestNotes, Math.floor(room / (noteTokens + aroundDocument))),
  );
  const forParts = calls * (1 - concludeShare) - laneCount;
  // For n parts there are less than n / (fanIn - 1) calls on notes.
  const affordable = Math.floor(forParts / (1 + 1 / (fanIn - 1)));
  const planned = Math.min(parts, maxParts, fanIn ** maxLevels, affordable);
  return parts < 2 || planned < 2 ? undefined : { parts, planned, fanIn };
}

/** How many calls each level takes: as many as there are parts, and then fewer, until one more call holds all notes. */
export function toLevels({
  planned,
  fanIn,
}: Pick<PartCounts, "planned" | "fanIn">): number[] {
  const levels = [planned];
  for (let notes = planned; notes > fanIn;) {
    notes = Math.ceil(notes / fanIn);
    levels.push(notes);
  }
  return levels;
}
