import { maySeeJob } from "../../shared/auth/principal.ts";
import { isTerminal } from "../../shared/jobs/job-status.ts";
import { toStatusView } from "../../shared/jobs/job-view.ts";
import type { ReadJob } from "../../shared/jobs/read-job.ts";
import { jobWatching } from "./access.ts";
import { idOf, type SecuredRoute } from "./route.ts";

/** `GET /jobs/{jobId}/status`, and the same under the name that the seeds give it. */
export function createGetJobStatus(
  services: { readonly jobs: ReadJob; readonly serviceUrl: string },
  { name, path }: Pick<SecuredRoute, "name" | "path">,
): SecuredRoute {
  const { jobs, serviceUrl } = services;
  return {
    name,
    path,
    method: "GET",
    access: jobWatching,
    async handle({ request, principal }) {
      const jobId = idOf(request, "jobId");
      const job = await jobs.job(principal, jobId, maySeeJob);
      const steps = await jobs.steps(principal.tenantId, jobId);
      return {
        headers: isTerminal(job.status) ? {} : { "retry-after": "1" },
        jsonBody: toStatusView(job, steps, serviceUrl),
      };
    },
  };
}
