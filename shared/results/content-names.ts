import { ContentRef, Tag } from "../kernel/metadata.ts";

/**
 * Where a job's sealed content lies. The names follow from what it is, so activities need not tell one another, and
 * histories need not hold it.
 */
export const contentNames = {
  bytes: (index: number): Tag => Tag.parse(`a${index}.bytes`),
  text: (index: number): Tag => Tag.parse(`a${index}.text`),
  opinion: (personaId: Tag): Tag => Tag.parse(`p.${personaId}`),
  result: Tag.parse("result"),
} as const;

/** The reference to an object under a job's work key. */
export function workRef(jobId: Tag, name: Tag): ContentRef {
  return ContentRef.parse(`${jobId}:work:${name}`);
}
