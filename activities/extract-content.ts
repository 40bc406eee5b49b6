import type { z } from "zod";
import type { ContentExtractor } from "../shared/extraction/extractor.ts";
import type { JobRecords } from "../shared/jobs/job-records.ts";
import type { Now } from "../shared/kernel/clock.ts";
import { Content } from "../shared/kernel/content.ts";
import { NucleusError, toNucleusError } from "../shared/kernel/errors.ts";
import type { Logger } from "../shared/kernel/log.ts";
import { contentNames, workRef } from "../shared/results/content-names.ts";
import type { ContentSafe } from "../shared/vault/content-safe.ts";
import type { extractContent } from "../shared/workflow/contracts.ts";
import { openRequest } from "./open-request.ts";
import type { StepRunner } from "./run-step.ts";

/** Turns one retrieved artifact into text, sealed again before this returns. */
export function createExtractContent(options: {
  readonly steps: StepRunner;
  readonly records: JobRecords;
  readonly safe: ContentSafe;
  readonly extractor: ContentExtractor;
  readonly log: Logger;
  readonly now: Now;
}) {
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
      const reference = (await openRequest(safe, job)).artifactReferences[
        index
      ];
      try {
        const extracted = await extractor.extract(
          {
            bytes: safe.openStream(workRef(jobId, contentNames.bytes(index))),
            ...(reference?.mimeType !== undefined && {
              declaredMediaType: reference.mimeType,
            }),
            ...(reference?.fileName !== undefined && {
              fileName: Content.fromText(reference.fileName),
            }),
          },
          signal,
        );
        const { mediaType, pages, words, text } = extracted;
        if (words === 0) throw new NucleusError("extraction_empty");
        await safe.seal(jobId, "work", contentNames.text(index), text);
        await records.mergeArtifact(key, index, (known) => {
          if (!known) throw new NucleusError("content_missing");
          const { code: _, ...kept } = known;
          return {
            ...kept,
            mediaType,
            ...(pages !== undefined && { pages }),
            words,
            outcome: "read",
          };
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
