import type { z } from "zod";
import { toPartIndex } from "../shared/artifacts/part-index.ts";
import type {
  ContentExtractor,
  ExtractedDocument,
  ExtractedPart,
  ExtractionInput,
} from "../shared/extraction/extractor.ts";
import type { InteractionRequest } from "../shared/interactions/interaction-request.ts";
import type { ArtifactDocument } from "../shared/jobs/documents.ts";
import type { JobKey, JobRecords } from "../shared/jobs/job-records.ts";
import type { Now } from "../shared/kernel/clock.ts";
import { Content } from "../shared/kernel/content.ts";
import { NucleusError, toNucleusError } from "../shared/kernel/errors.ts";
import type { Logger } from "../shared/kernel/log.ts";
import { toIsoTime } from "../shared/kernel/metadata.ts";
import { contentNames, workRef } from "../shared/results/content-names.ts";
import type { ContentSafe } from "../shared/vault/content-safe.ts";
import type { TenantHasher } from "../shared/vault/tenant-hash.ts";
import type { extractContent } from "../shared/workflow/contracts.ts";
import { openRequest } from "./open-request.ts";
import type { StepRunner } from "./run-step.ts";

export interface ExtractContentOptions {
  readonly steps: StepRunner;
  readonly records: JobRecords;
  readonly safe: ContentSafe;
  readonly hasher: TenantHasher;
  readonly extractor: ContentExtractor;
  readonly log: Logger;
  readonly now: Now;
}

/**
 * Turns one retrieved artifact into text, sealed again before this returns. The documents in it become artifacts of
 * their own, each with a text of its own.
 */
export function createExtractContent(options: ExtractContentOptions) {
  const { steps, records, safe, extractor, log, now } = options;
  return async (
    input: z.output<typeof extractContent.input>,
  ): Promise<z.output<typeof extractContent.output>> => {
    const { tenantId, jobId, index } = input;
    const key = { tenantId, jobId };
    const step = {
      key,
      step: "extract",
      item: index,
      status: "Extracting",
    } as const;
    return steps.run(step, async (job, signal) => {
      const startedAtMs = now();
      const traced = { ...key, traceparent: job.traceparent, index };
      log.event("extraction.started", traced);
      const { artifactReferences } = await openRequest(safe, job);
      try {
        const bytesRef = workRef(jobId, contentNames.bytes(index));
        const extracted = await extractor.extract(
          toInput(() => safe.openStream(bytesRef), artifactReferences[index]),
          signal,
        );
        const { mediaType, words } = extracted;
        if (words === 0) throw new NucleusError("extraction_empty");
        await safe.seal(
          jobId,
          "work",
          contentNames.text(index),
          extracted.text,
        );
        await keepParts(options, key, index, extracted.parts ?? []);
        await records.mergeArtifact(key, index, (known) => {
          if (!known) throw new NucleusError("content_missing");
          return toReadArtifact(known, extracted);
        });
        log.event("extraction.completed", {
          ...traced,
          mediaType,
          words,
          durationMs: Math.max(0, Math.round(now() - startedAtMs)),
        });
        return { words };
      } catch (thrown) {
        const { code } = toNucleusError(thrown);
        await records.mergeArtifact(key, index, (known) =>
          !known || known.outcome === "read"
            ? undefined
            : { ...known, outcome: "failed", code },
        );
        throw thrown;
      }
    });
  };
}

function toInput(
  open: () => AsyncIterable<Uint8Array>,
  reference: InteractionRequest["artifactReferences"][number] | undefined,
): ExtractionInput {
  return {
    bytes: open(),
    reopen: open,
    ...(reference?.mimeType !== undefined && {
      declaredMediaType: reference.mimeType,
    }),
    ...(reference?.fileName !== undefined && {
      fileName: Content.fromText(reference.fileName),
    }),
  };
}

function toReadArtifact(
  known: ArtifactDocument,
  { mediaType, pages, words, incomplete }: ExtractedDocument,
): ArtifactDocument {
  const { code: _, ...kept } = known;
  return {
    ...kept,
    mediaType,
    ...(pages !== undefined && { pages }),
    words,
    outcome: "read",
    ...(incomplete !== undefined && { code: incomplete }),
  };
}

/** Seals the texts and names of an artifact's parts, and then records them: what is recorded as read can be opened. */
async function keepParts(
  { safe, hasher, records, now }: ExtractContentOptions,
  key: JobKey,
  index: number,
  parts: readonly ExtractedPart[],
): Promise<void> {
  if (parts.length === 0) return;
  const whole = (await records.listArtifacts(key)).find(
    (artifact) => artifact.index === index,
  );
  if (!whole) throw new NucleusError("content_missing");
  await safe.seal(
    key.jobId,
    "work",
    contentNames.partNames(index),
    Content.fromJson(toNames(parts)),
  );
  for (const part of parts) {
    const partIndex = toPartIndex(index, part.number);
    if ("text" in part.outcome)
      await safe.seal(
        key.jobId,
        "work",
        contentNames.text(partIndex),
        part.outcome.text,
      );
    const fileNameHash =
      part.name && (await hasher.hash(key.tenantId, "file-name", part.name));
    await records.mergeArtifact(key, partIndex, (known) => ({
      ...toPartArtifact(whole, part),
      index: partIndex,
      ...(fileNameHash !== undefined && { fileNameHash }),
      analyzedByPersonaIds: known?.analyzedByPersonaIds ?? [],
      createdAt: known?.createdAt ?? toIsoTime(now()),
    }));
  }
}

function toNames(parts: readonly ExtractedPart[]): Record<string, string> {
  return Object.fromEntries(
    parts.flatMap(({ path, name }) =>
      name === undefined ? [] : [[path, name.revealText()]],
    ),
  );
}

/** A part comes from where the whole comes from. */
function toPartArtifact(
  whole: ArtifactDocument,
  { path, sizeBytes, outcome }: ExtractedPart,
): Omit<
  ArtifactDocument,
  "index" | "fileNameHash" | "analyzedByPersonaIds" | "createdAt"
> {
  const { sourceIdentifier, sourceSystemType, sourceTenantId } = whole;
  return {
    partOf: whole.index,
    part: path,
    sourceIdentifier,
    sourceSystemType,
    ...(sourceTenantId !== undefined && { sourceTenantId }),
    userId: whole.userId,
    sourceUriHash: whole.sourceUriHash,
    ...(sizeBytes !== undefined && { sizeBytes }),
    ...("code" in outcome
      ? { outcome: "failed", code: outcome.code }
      : {
          outcome: "read",
          mediaType: outcome.mediaType,
          words: outcome.words,
          ...(outcome.pages !== undefined && { pages: outcome.pages }),
        }),
  };
}
