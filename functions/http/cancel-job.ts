import { mayOperateJob } from "../../shared/auth/principal.ts";
import type { JobRunner } from "../../shared/durable/job-runner.ts";
import type { JobRecords } from "../../shared/jobs/job-records.ts";
import { isTerminal } from "../../shared/jobs/job-status.ts";
import { toStatusView } from "../../shared/jobs/job-view.ts";
import type { ReadJob } from "../../shared/jobs/read-job.ts";
import type { Now } from "../../shared/kernel/clock.ts";
import { NucleusError } from "../../shared/kernel/errors.ts";
import { toIsoTime } from "../../shared/kernel/metadata.ts";
import { type Call, idOf, type SecuredRoute } from "./route.ts";

/**
 * `POST /jobs/{jobId}/cancel`: asks a job to end. From then on no step begins, and the job ends as Cancelled even if the
 * engine never hears of it: the wish is in the job's record.
 */
export function createCancelJob(services: {
  readonly jobs: ReadJob;
  readonly records: JobRecords;
  readonly runnerOf: (call: Call) => JobRunner;
  readonly serviceUrl: string;
  readonly now: Now;
}): SecuredRoute {
  const { jobs, records, runnerOf, serviceUrl, now } = services;
  return {
    name: "cancel-job",
    method: "POST",
    path: "v1/jobs/{jobId}/cancel",
    access: ["adapter", "operator", "admin"],
    usesRunner: true,
    async handle(call) {
      const { principal, request } = call;
      const key = {
        tenantId: principal.tenantId,
        jobId: idOf(request, "jobId"),
      };
      await jobs.job(principal, key.jobId, mayOperateJob);
      const job = await records.change(key, (current) => {
        if (isTerminal(current.status))
          throw new NucleusError("job_already_finished");
        return current.cancelRequestedAt === undefined
          ? { ...current, cancelRequestedAt: toIsoTime(now()) }
          : undefined;
      });
      await runnerOf(call).cancel(key.jobId);
      const steps = await jobs.steps(key.tenantId, key.jobId);
      return {
        status: 202,
        headers: { "retry-after": "1" },
        jsonBody: toStatusView(job, steps, serviceUrl),
      };
    },
  };
}
