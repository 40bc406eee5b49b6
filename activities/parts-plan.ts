import { z } from "zod";
import { Content } from "../shared/kernel/content.ts";
import { Count, type Tag } from "../shared/kernel/metadata.ts";
import {
  countParts,
  laneCount,
  PartCounts,
} from "../shared/personas/part-counts.ts";
import { type Part, spread, toParts } from "../shared/personas/parts.ts";
import type {
  PersonaModel,
  PersonaRequest,
} from "../shared/personas/persona-model.ts";
import { asksForSummary } from "../shared/personas/retrieval/question.ts";
import { contentNames, workRef } from "../shared/results/content-names.ts";
import type { ContentSafe } from "../shared/vault/content-safe.ts";
import { openIfThere } from "./open-notes.ts";

/** How a persona reads in parts: sealed once, before any part is read, so that every attempt cuts alike. */
const PartsPlan = z.strictObject({
  schemaVersion: z.literal(1),
  counts: PartCounts,
  /** What the documents come to, whole. */
  documentTokens: Count,
});
export type PartsPlan = z.infer<typeof PartsPlan>;

interface Reader {
  readonly jobId: Tag;
  readonly item: number;
}

/** The plan of a persona that reads in parts. */
export async function openPartsPlan(
  safe: ContentSafe,
  { jobId, item }: Reader,
): Promise<PartsPlan | undefined> {
  const sealed = await openIfThere(
    safe,
    workRef(jobId, contentNames.parts(item)),
  );
  return sealed && PartsPlan.parse(sealed.revealJson());
}

/**
 * Cuts what is to be summarised into parts, where one call does not hold it, and seals them. Questions are no reason:
 * what answers them is searched for.
 *
 * @returns `undefined` where one call is right
 */
export async function sealPartsPlan(
  { safe, model }: { readonly safe: ContentSafe; readonly model: PersonaModel },
  reader: Reader,
  request: PersonaRequest,
): Promise<PartsPlan | undefined> {
  const query = request.query?.revealText();
  const isSummary = query === undefined || asksForSummary(query);
  const measured = isSummary ? await model.measure?.(request) : undefined;
  if (measured === undefined) return undefined;
  const { room, tokenizer, calls = Infinity } = measured;
  const documentTokens = request.documents.reduce(
    (sum, { text }) => sum + tokenizer.count(text.revealText()),
    0,
  );
  if (documentTokens <= room) return undefined;
  // A part is asked for in more words than the whole is, and alone: what lines take around documents is free for it.
  const maxTokens = Math.floor(room * partShare);
  if (maxTokens < leastPartTokens) return undefined;
  const parts = toParts(request.documents, { maxTokens, tokenizer });
  const counts = countParts(parts.length, { room, calls });
  if (counts === undefined) return undefined;
  await sealParts(safe, reader, spread(parts, counts.planned));
  const plan = { schemaVersion: 1, counts, documentTokens } as const;
  await safe.seal(
    reader.jobId,
    "work",
    contentNames.parts(reader.item),
    Content.fromJson(plan),
  );
  return plan;
}

const partShare = 0.9;
const leastPartTokens = 400;

async function sealParts(
  safe: ContentSafe,
  { jobId, item }: Reader,
  parts: readonly Part[],
): Promise<void> {
  for (let from = 0; from < parts.length; from += laneCount)
    await Promise.all(
      parts
        .slice(from, from + laneCount)
        .map((part, offset) =>
          safe.seal(
            jobId,
            "work",
            contentNames.part(item, from + offset),
            Content.fromJson(part),
          ),
        ),
    );
}
