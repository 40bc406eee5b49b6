import type { RecordStore } from "../documents/kinds.ts";
import { InteractionRequest } from "../interactions/interaction-request.ts";
import type { ArtifactDocument, JobDocument } from "../jobs/documents.ts";
import type { JobKey } from "../jobs/job-records.ts";
import { Content } from "../kernel/content.ts";
import type { ContentRef, Tag } from "../kernel/metadata.ts";
import { PersonaOpinion } from "../personas/persona-model.ts";
import type { ContentSafe } from "../vault/content-safe.ts";
import { contentNames, workRef } from "./content-names.ts";
import { JobResult } from "./result.ts";

/** Puts a completed job's result together from what its steps sealed and recorded, and seals it under the result key. */
export function createAssembleResult(options: {
  readonly store: RecordStore;
  readonly safe: ContentSafe;
}) {
  const { store, safe } = options;
  return async function assembleResult(
    { tenantId, jobId }: JobKey,
    job: JobDocument,
    answered: readonly Tag[],
  ): Promise<ContentRef> {
    const sealed = await safe.open(job.requestRef);
    const { artifactReferences } = InteractionRequest.parse(
      sealed.revealJson(),
    );
    const referenceIdOf = (index: number): string =>
      artifactReferences[index]?.referenceId ?? "";

    const personas = await Promise.all(
      answered.map(async (personaId) => {
        const ref = workRef(jobId, contentNames.opinion(personaId));
        const opinion = PersonaOpinion.parse(
          (await safe.open(ref)).revealJson(),
        );
        return {
          personaId,
          ...opinion,
          quotes: opinion.quotes.map((quote) => ({
            referenceId: referenceIdOf(quote.artifactIndex),
            ...quote,
          })),
        };
      }),
    );
    const artifacts = await store.query({
      kind: "artifact",
      tenantId,
      scope: jobId,
      limit: 1000,
    });
    const result: JobResult = {
      jobId,
      status: "Completed",
      personas,
      artifacts: artifacts.items
        .map(({ document }) => toResultArtifact(document, referenceIdOf))
        .toSorted((left, right) => left.index - right.index),
    };
    return safe.seal(
      jobId,
      "result",
      contentNames.result,
      Content.fromJson(JobResult.parse(result)),
    );
  };
}

function toResultArtifact(
  artifact: ArtifactDocument,
  referenceIdOf: (index: number) => string,
): JobResult["artifacts"][number] {
  const { index, mediaType, sizeBytes, pages, words, outcome, code } = artifact;
  return {
    index,
    referenceId: referenceIdOf(index),
    ...(mediaType !== undefined && { mediaType }),
    ...(sizeBytes !== undefined && { sizeBytes }),
    ...(pages !== undefined && { pages }),
    ...(words !== undefined && { words }),
    outcome: outcome === "read" ? "read" : "failed",
    ...(code !== undefined && { code }),
  };
}
