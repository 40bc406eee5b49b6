import type { Principal } from "../auth/principal.ts";
import type { RecordStore } from "../documents/kinds.ts";
import { NucleusError } from "../kernel/errors.ts";
import type { Tag } from "../kernel/metadata.ts";
import type { JobDocument, StepDocument } from "./documents.ts";
import type { JobRecords } from "./job-records.ts";
import { listArtifacts } from "./list-artifacts.ts";

type MayAccess = (principal: Principal, job: JobDocument) => boolean;

/** More steps than a job can have, so that one page is all of them. */
const pageSize = 1000;

/** Reads jobs for callers: what a caller may not have looks like what is not there. */
export function createReadJob(options: {
  readonly store: RecordStore;
  readonly records: JobRecords;
}) {
  const { store, records } = options;
  const inJob = (tenantId: Tag, jobId: Tag) => ({
    tenantId,
    scope: jobId,
    limit: pageSize,
  });
  return {
    /** @throws NucleusError not_found */
    async job(
      principal: Principal,
      jobId: Tag,
      mayAccess: MayAccess,
    ): Promise<JobDocument> {
      const { tenantId } = principal;
      const stored = await records.read({ tenantId, jobId });
      if (!stored || !mayAccess(principal, stored.document))
        throw new NucleusError("not_found");
      return stored.document;
    },
    async steps(tenantId: Tag, jobId: Tag): Promise<readonly StepDocument[]> {
      const page = await store.query({
        kind: "step",
        ...inJob(tenantId, jobId),
      });
      return page.items.map(({ document }) => document);
    },
    artifacts: (tenantId: Tag, jobId: Tag) =>
      listArtifacts(store, { tenantId, jobId }),
  };
}

export type ReadJob = ReturnType<typeof createReadJob>;
