import type { z } from "zod";
import type { ArtifactProvider } from "../shared/artifacts/artifact-provider.ts";
import { toPlatformId } from "../shared/interactions/to-job-document.ts";
import type { InteractionRequest } from "../shared/interactions/interaction-request.ts";
import type {
  ArtifactDocument,
  JobDocument,
} from "../shared/jobs/documents.ts";
import type { JobRecords } from "../shared/jobs/job-records.ts";
import type { Now } from "../shared/kernel/clock.ts";
import { Content } from "../shared/kernel/content.ts";
import { NucleusError, toNucleusError } from "../shared/kernel/errors.ts";
import type { Logger } from "../shared/kernel/log.ts";
import { Tag, toIsoTime } from "../shared/kernel/metadata.ts";
import { contentNames } from "../shared/results/content-names.ts";
import type { ContentSafe } from "../shared/vault/content-safe.ts";
import type { TenantHasher } from "../shared/vault/tenant-hash.ts";
import type { retrieveArtifact } from "../shared/workflow/contracts.ts";
import { openRequest } from "./open-request.ts";
import type { StepRunner } from "./run-step.ts";

type Reference = InteractionRequest["artifactReferences"][number];

export interface RetrieveArtifactOptions {
  readonly steps: StepRunner;
  readonly records: JobRecords;
  readonly safe: ContentSafe;
  readonly hasher: TenantHasher;
  readonly providers: ReadonlyMap<string, ArtifactProvider>;
  readonly maxBytes: number;
  readonly log: Logger;
  readonly now: Now;
}

/** Fetches one artifact from its source, straight into the vault: its bytes are never whole in memory. */
export function createRetrieveArtifact(options: RetrieveArtifactOptions) {
  const { steps, records, safe, hasher, providers, log, now } = options;
  return async (
    input: z.output<typeof retrieveArtifact.input>,
  ): Promise<z.output<typeof retrieveArtifact.output>> => {
    const { tenantId, jobId, index } = input;
    const key = { tenantId, jobId };
    const step = {
      key,
      step: "retrieve",
      item: index,
      status: "RetrievingContent",
    } as const;
    return steps.run(step, async (job, signal) => {
      const startedAtMs = now();
      const traced = { ...key, traceparent: job.traceparent, index };
      log.event("artifact.processing-started", traced);
      const reference = (await openRequest(safe, job)).artifactReferences[
        index
      ];
      if (!reference) throw new NucleusError("artifact_not_found");
      const base = await toArtifactDocument(options, input, job, reference);
      try {
        const provider = providers.get(reference.referenceType);
        if (!provider) throw new NucleusError("provider_unknown");
        log.event("artifact.provider-invoked", {
          ...traced,
          provider: Tag.parse(provider.referenceType),
        });
        const artifact = await provider.open({
          tenantId,
          sourceUri: Content.fromText(reference.sourceUri),
          maxBytes: options.maxBytes,
          signal,
        });
        const hash = await hasher.start(tenantId, "artifact");
        const { sizeBytes } = await safe.sealStream(
          jobId,
          "work",
          contentNames.bytes(index),
          artifact.bytes,
          (chunk) => hash.update(chunk),
        );
        if (sizeBytes === 0) throw new NucleusError("artifact_empty");
        const retrieved: ArtifactDocument = {
          ...base,
          ...(artifact.declaredMediaType && {
            mediaType: artifact.declaredMediaType,
          }),
          sizeBytes,
          contentHash: hash.digest(),
          ...(artifact.etag && {
            sourceVersionHash: await hasher.hash(
              tenantId,
              "source-version",
              artifact.etag,
            ),
          }),
          outcome: "retrieved",
        };
        await records.mergeArtifact(key, index, (known) =>
          isExtracted(known) ? undefined : retrieved,
        );
        log.event("artifact.retrieved", {
          ...traced,
          sizeBytes,
          durationMs: Math.max(0, Math.round(now() - startedAtMs)),
        });
        return { sizeBytes };
      } catch (thrown) {
        const { code } = toNucleusError(thrown);
        await records.mergeArtifact(key, index, (known) =>
          known && known.outcome !== "failed"
            ? undefined
            : { ...base, outcome: "failed", code },
        );
        throw thrown;
      }
    });
  };
}

/** Whether extraction has had its say, so that this is a late repetition. */
function isExtracted(known: ArtifactDocument | undefined): boolean {
  return (
    known?.outcome === "read" ||
    (known?.outcome === "failed" && known.contentHash !== undefined)
  );
}

/** What may be kept of a reference: ids as they are where they have a tag's shape, everything else as keyed hashes. */
async function toArtifactDocument(
  { hasher, now }: RetrieveArtifactOptions,
  { tenantId, index }: { readonly tenantId: Tag; readonly index: number },
  job: JobDocument,
  reference: Reference,
): Promise<ArtifactDocument> {
  const { referenceId, sourceUri, fileName } = reference;
  const hashOf = (domain: string, text: string) =>
    hasher.hash(tenantId, domain, Content.fromText(text));
  return {
    index,
    sourceIdentifier: await toPlatformId(hasher, tenantId, referenceId),
    sourceSystemType: Tag.parse(reference.referenceType),
    ...(reference.tenantId !== undefined && {
      sourceTenantId: await toPlatformId(hasher, tenantId, reference.tenantId),
    }),
    userId: job.userId,
    sourceUriHash: await hashOf("source-uri", sourceUri),
    ...(fileName !== undefined && {
      fileNameHash: await hashOf("file-name", fileName),
    }),
    outcome: "failed",
    analyzedByPersonaIds: [],
    createdAt: toIsoTime(now()),
  };
}
