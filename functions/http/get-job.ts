import { maySeeJob } from "../../shared/auth/principal.ts";
import { toJobView } from "../../shared/jobs/job-view.ts";
import type { ReadJob } from "../../shared/jobs/read-job.ts";
import { jobWatching } from "./access.ts";
import { idOf, type SecuredRoute } from "./route.ts";

/** `GET /jobs/{jobId}`: the whole job, in metadata. */
export function createGetJob(services: {
  readonly jobs: ReadJob;
  readonly serviceUrl: string;
}): SecuredRoute {
  const { jobs, serviceUrl } = services;
  return {
    name: "get-job",
    method: "GET",
    path: "v1/jobs/{jobId}",
    access: jobWatching,
    async handle({ request, principal }) {
      const { tenantId } = principal;
      const jobId = idOf(request, "jobId");
      const job = await jobs.job(principal, jobId, maySeeJob);
      const [steps, artifacts] = await Promise.all([
        jobs.steps(tenantId, jobId),
        jobs.artifacts(tenantId, jobId),
      ]);
      return { jsonBody: toJobView(job, steps, artifacts, serviceUrl) };
    },
  };
}
