import { z } from "zod";
import { toReferenceIndex } from "../artifacts/part-index.ts";
import type { RecordStore } from "../documents/kinds.ts";
import { InteractionRequest } from "../interactions/interaction-request.ts";
import type { ArtifactDocument, JobDocument } from "../jobs/documents.ts";
import type { JobKey } from "../jobs/job-records.ts";
import { listArtifacts } from "../jobs/list-artifacts.ts";
import { Content } from "../kernel/content.ts";
import type { ContentRef, Tag } from "../kernel/metadata.ts";
import type { ContentSafe } from "../vault/content-safe.ts";
import { contentNames, workRef } from "./content-names.ts";
import { openOpinions } from "./open-opinions.ts";
import { JobResult } from "./result.ts";
import { toResultConsensus } from "./to-result-consensus.ts";

const PartNames = z.record(z.string(), z.string());

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
      artifactReferences[toReferenceIndex(index)]?.referenceId ?? "";

    const personas = await openOpinions(safe, job, answered, referenceIdOf);
    const consensus = job.panel && toResultConsensus(job.panel, personas);
    const artifacts = await listArtifacts(store, { tenantId, jobId });
    const partNames = await openPartNames(safe, jobId, artifacts);
    const result: JobResult = {
      jobId,
      status: "Completed",
      ...(consensus && { consensus }),
      personas,
      artifacts: artifacts.map((artifact) => ({
        ...toResultArtifact(artifact, referenceIdOf),
        ...toName(artifact, partNames),
      })),
    };
    return safe.seal(
      jobId,
      "result",
      contentNames.result,
      Content.fromJson(JobResult.parse(result)),
    );
  };
}

type PartNames = ReadonlyMap<number, Readonly<Record<string, string>>>;

/** By the index of the artifact that they are parts of. */
async function openPartNames(
  safe: ContentSafe,
  jobId: Tag,
  artifacts: readonly ArtifactDocument[],
): Promise<PartNames> {
  const wholes = new Set(artifacts.flatMap(({ partOf }) => partOf ?? []));
  const names = await Promise.all(
    [...wholes].map(async (index) => {
      const ref = workRef(jobId, contentNames.partNames(index));
      const sealed = await safe.open(ref);
      return [index, PartNames.parse(sealed.revealJson())] as const;
    }),
  );
  return new Map(names);
}

function toName(
  { partOf, part }: ArtifactDocument,
  names: PartNames,
): { readonly name?: string } {
  if (partOf === undefined || part === undefined) return {};
  const name = names.get(partOf)?.[part];
  return name === undefined ? {} : { name };
}

function toResultArtifact(
  artifact: ArtifactDocument,
  referenceIdOf: (index: number) => string,
): JobResult["artifacts"][number] {
  const { index, partOf, part, mediaType, sizeBytes, pages, words, outcome } =
    artifact;
  const { code } = artifact;
  return {
    index,
    referenceId: referenceIdOf(index),
    ...(partOf !== undefined && { partOf }),
    ...(part !== undefined && { part }),
    ...(mediaType !== undefined && { mediaType }),
    ...(sizeBytes !== undefined && { sizeBytes }),
    ...(pages !== undefined && { pages }),
    ...(words !== undefined && { words }),
    outcome: outcome === "read" ? "read" : "failed",
    ...(code !== undefined && { code }),
  };
}
