import type { HttpRequest } from "@azure/functions";
import {
  hasRole,
  mayReadResult,
  type Role,
} from "../../shared/auth/principal.ts";
import type { TokenVerifier } from "../../shared/auth/token-verifier.ts";
import type { JobDocument } from "../../shared/jobs/documents.ts";
import type { JobRecords } from "../../shared/jobs/job-records.ts";
import { isTerminal } from "../../shared/jobs/job-status.ts";
import type { ReadJob } from "../../shared/jobs/read-job.ts";
import { NucleusError } from "../../shared/kernel/errors.ts";
import type { Tag } from "../../shared/kernel/metadata.ts";
import type { ContentSafe } from "../../shared/vault/content-safe.ts";
import { resultTicketHeader } from "../../shared/webhooks/result-ticket.ts";
import type { ResultTickets } from "../../shared/webhooks/result-tickets.ts";
import { idOf, type PublicRoute, RequestProblem } from "./route.ts";

const resultReading: readonly Role[] = ["adapter", "content_reader"];

/**
 * `GET /jobs/{jobId}/result`: the one door through which content leaves, to the job's own adapter, to a content reader
 * of the tenant, or to the bearer of a result ticket.
 */
export function createGetJobResult(services: {
  readonly verifier: TokenVerifier;
  readonly tickets: ResultTickets;
  readonly jobs: ReadJob;
  readonly records: JobRecords;
  readonly safe: ContentSafe;
}): PublicRoute {
  const { verifier, tickets, jobs, records, safe } = services;

  const findJob = async (
    request: HttpRequest,
    jobId: Tag,
  ): Promise<JobDocument> => {
    const ticket = request.headers.get(resultTicketHeader);
    if (ticket === null) {
      const principal = await verifier.verify(
        request.headers.get("authorization"),
      );
      if (!hasRole(principal, resultReading))
        throw new RequestProblem("forbidden", { allowedRoles: resultReading });
      return jobs.job(principal, jobId, mayReadResult);
    }
    const tenantId = await tickets.redeem(jobId, ticket);
    const stored = await records.read({ tenantId, jobId });
    if (!stored) throw new NucleusError("not_found");
    return stored.document;
  };

  return {
    name: "get-job-result",
    method: "GET",
    path: "v1/jobs/{jobId}/result",
    access: "anonymous",
    async handle({ request }) {
      const job = await findJob(request, idOf(request, "jobId"));
      const { status, error } = job;
      if (!isTerminal(status))
        throw new NucleusError("job_not_finished", { retryAfterMs: 1_000 });
      if (job.resultRef === undefined)
        throw new RequestProblem("job_has_no_result", {
          jobStatus: status,
          error,
        });
      const result = await openResult(safe, job.resultRef);
      return {
        headers: {
          "content-type": "application/json",
          "cache-control": "no-store",
        },
        body: result,
      };
    },
  };
}

async function openResult(
  safe: ContentSafe,
  ref: NonNullable<JobDocument["resultRef"]>,
): Promise<Uint8Array> {
  try {
    return (await safe.open(ref)).revealBytes();
  } catch (thrown) {
    if (thrown instanceof NucleusError && thrown.code === "content_shredded")
      throw new NucleusError("result_gone");
    throw thrown;
  }
}
