import type { ArtifactDocument } from "../shared/jobs/documents.ts";
import type { JobKey, JobRecords } from "../shared/jobs/job-records.ts";
import {
  selectArtifacts,
  selectText,
} from "../shared/personas/knowledge-scope.ts";
import type { PersonaDefinition } from "../shared/personas/persona.ts";
import type { PersonaDocument } from "../shared/personas/persona-model.ts";
import { contentNames, workRef } from "../shared/results/content-names.ts";
import type { ContentSafe } from "../shared/vault/content-safe.ts";

/**
 * The indexes of `readable` artifacts with those of their readable parts, in the order in which a reader meets them.
 * Histories hold the artifacts only: how many parts they have is up to their authors.
 */
export async function withParts(
  records: JobRecords,
  key: JobKey,
  readable: readonly number[],
): Promise<readonly number[]> {
  return addParts(await records.listArtifacts(key), readable);
}

function addParts(
  artifacts: readonly ArtifactDocument[],
  readable: readonly number[],
): readonly number[] {
  const partsOf = Map.groupBy(
    artifacts.filter(({ outcome }) => outcome === "read"),
    ({ partOf }) => partOf,
  );
  return readable.flatMap((index) => [
    index,
    ...(partsOf.get(index) ?? []).map((part) => part.index),
  ]);
}

/** The indexes of `readable` artifacts and of their readable parts that are within a persona's scope. */
export function selectDocuments(
  artifacts: readonly ArtifactDocument[],
  readable: readonly number[],
  scope: PersonaDefinition["knowledgeScope"],
): number[] {
  const mediaTypes = new Map(
    artifacts.map(({ index, mediaType }) => [index, mediaType]),
  );
  return selectArtifacts(
    scope,
    addParts(artifacts, readable).map((index) => ({
      index,
      mediaType: mediaTypes.get(index),
    })),
  );
}

/** The texts of `readable` artifacts and of their readable parts, as far as they are within the persona's scope. */
export async function openDocuments(
  {
    records,
    safe,
  }: { readonly records: JobRecords; readonly safe: ContentSafe },
  key: JobKey,
  readable: readonly number[],
  scope: PersonaDefinition["knowledgeScope"],
): Promise<PersonaDocument[]> {
  const artifacts = await records.listArtifacts(key);
  const visible = selectDocuments(artifacts, readable, scope);
  return Promise.all(
    visible.map(async (artifactIndex) => {
      const ref = workRef(key.jobId, contentNames.text(artifactIndex));
      return { artifactIndex, text: selectText(scope, await safe.open(ref)) };
    }),
  );
}
