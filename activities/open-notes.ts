import { NucleusError } from "../shared/kernel/errors.ts";
import type { ContentRef, Tag } from "../shared/kernel/metadata.ts";
import type { Content } from "../shared/kernel/content.ts";
import { Note } from "../shared/personas/notes.ts";
import { contentNames, workRef } from "../shared/results/content-names.ts";
import type { ContentSafe } from "../shared/vault/content-safe.ts";

/** Which notes: of the persona at this place, of one level, from the first to before the last. */
interface NoteRange {
  readonly jobId: Tag;
  readonly item: number;
  readonly level: number;
  readonly from: number;
  readonly to: number;
}

/** The notes of a range that there are, in order: what failed left none. */
export async function openNotes(
  safe: ContentSafe,
  { jobId, item, level, from, to }: NoteRange,
): Promise<Note[]> {
  const notes = await Promise.all(
    Array.from({ length: Math.max(0, to - from) }, (_, offset) =>
      openIfThere(
        safe,
        workRef(jobId, contentNames.note(item, level, from + offset)),
      ),
    ),
  );
  return notes.flatMap((sealed) =>
    sealed === undefined ? [] : Note.parse(sealed.revealJson()),
  );
}

/** What is sealed there, or `undefined`; a shredded key is no absence. */
export async function openIfThere(
  safe: ContentSafe,
  ref: ContentRef,
): Promise<Content | undefined> {
  try {
    return await safe.open(ref);
  } catch (thrown) {
    if (thrown instanceof NucleusError && thrown.code === "content_missing")
      return undefined;
    throw thrown;
  }
}
