import { ContentRef, Tag } from "../kernel/metadata.ts";

/**
 * Where a job's sealed content lies. The names follow from what it is, so activities need not tell one another, and
 * histories need not hold it.
 */
export const contentNames = {
  bytes: (index: number): Tag => Tag.parse(`a${index}.bytes`),
  text: (index: number): Tag => Tag.parse(`a${index}.text`),
  /** What an artifact's parts are called, by their paths. */
  partNames: (index: number): Tag => Tag.parse(`a${index}.parts`),
  opinion: (personaId: Tag, round = 1): Tag =>
    Tag.parse(round === 1 ? `p.${personaId}` : `p${round}.${personaId}`),
  /** How a persona reads in parts: the plan, what is read in each, and what was noted of it, by level. */
  parts: (item: number): Tag => Tag.parse(`m${item}.plan`),
  part: (item: number, part: number): Tag => Tag.parse(`m${item}.0.${part}`),
  note: (item: number, level: number, part: number): Tag =>
    Tag.parse(`m${item}.${level}.${part}`),
  /** The definitions that the job was accepted with, under its request key. */
  personas: Tag.parse("personas"),
  result: Tag.parse("result"),
} as const;

/** The reference to an object under a job's work key. */
export function workRef(jobId: Tag, name: Tag): ContentRef {
  return ContentRef.parse(`${jobId}:work:${name}`);
}

/** The reference to an object under a job's request key. */
export function requestRef(jobId: Tag, name: Tag): ContentRef {
  return ContentRef.parse(`${jobId}:request:${name}`);
}
