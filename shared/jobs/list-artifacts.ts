import type { RecordStore } from "../documents/kinds.ts";
import type { ArtifactDocument } from "./documents.ts";
import type { JobKey } from "./job-records.ts";

const pageSize = 1000;

/** What is known of a job's artifacts and of the parts of them, by index. */
export async function listArtifacts(
  store: RecordStore,
  { tenantId, jobId }: JobKey,
): Promise<readonly ArtifactDocument[]> {
  const artifacts: ArtifactDocument[] = [];
  let continuation: string | undefined;
  do {
    const page = await store.query({
      kind: "artifact",
      tenantId,
      scope: jobId,
      limit: pageSize,
      ...(continuation !== undefined && { continuation }),
    });
    artifacts.push(...page.items.map(({ document }) => document));
    ({ continuation } = page);
  } while (continuation !== undefined);
  return artifacts.toSorted((left, right) => left.index - right.index);
}
