import type { z } from "zod";
import type { JobEnd } from "../shared/jobs/finish-job.ts";
import type { JobKey } from "../shared/jobs/job-records.ts";
import type { TerminalStatus } from "../shared/jobs/job-status.ts";
import type { finishJob as contract } from "../shared/workflow/contracts.ts";

/** Ends the job: result, terminal state, announcement, shredding. */
export function createFinishJobActivity({
  finishJob,
}: {
  readonly finishJob: (key: JobKey, end: JobEnd) => Promise<TerminalStatus>;
}) {
  return async ({
    tenantId,
    jobId,
    ...end
  }: z.output<typeof contract.input>): Promise<
    z.output<typeof contract.output>
  > => ({ status: await finishJob({ tenantId, jobId }, end) });
}
