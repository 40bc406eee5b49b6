import { errorCatalogue } from "../kernel/errors.ts";
import { countProgressItems } from "../workflow/plan.ts";
import type {
  ArtifactDocument,
  JobDocument,
  JobFailure,
  StepDocument,
} from "./documents.ts";
import type { JobStatus } from "./job-status.ts";

/** What an API answer says of a job's state: metadata only, so that everybody who may see the job may see all of it. */
export interface JobStatusView {
  readonly jobId: string;
  readonly status: JobStatus;
  readonly progress: Progress;
  readonly createdAt: string;
  readonly startedAt?: string | undefined;
  readonly updatedAt: string;
  readonly completedAt?: string | undefined;
  readonly statusUrl: string;
  readonly resultUrl: string;
  readonly error?: (JobFailure & { readonly message: string }) | undefined;
}

interface Progress {
  readonly completedSteps: number;
  readonly totalSteps: number;
  /** 0 to 100, whole. */
  readonly percentage: number;
  /** What the job is doing now; null when it is done. */
  readonly currentStep: string | null;
}

const currentSteps: Readonly<Record<JobStatus, string | null>> = {
  Queued: "queued",
  Processing: "load-plan",
  RetrievingContent: "retrieve",
  Extracting: "extract",
  Analyzing: "persona",
  AwaitingReview: "review",
  StoringMetadata: "store",
  Completed: null,
  Failed: null,
  Cancelled: null,
  TimedOut: null,
};

/** The addresses of a job at this service. */
export function toJobUrls(serviceUrl: string, jobId: string) {
  const base = `${serviceUrl}/api/v1/jobs/${jobId}`;
  return { statusUrl: `${base}/status`, resultUrl: `${base}/result` };
}

/** The short status. */
export function toStatusView(
  job: JobDocument,
  steps: readonly StepDocument[],
  serviceUrl: string,
): JobStatusView {
  const { jobId, status, error } = job;
  return {
    jobId,
    status,
    progress: toProgress(job, steps),
    createdAt: job.createdAt,
    startedAt: job.startedAt,
    updatedAt: job.updatedAt,
    completedAt: job.completedAt,
    ...toJobUrls(serviceUrl, jobId),
    error: error && { ...error, message: errorCatalogue[error.code].message },
  };
}

/** The whole job. */
export function toJobView(
  job: JobDocument,
  steps: readonly StepDocument[],
  artifacts: readonly ArtifactDocument[],
  serviceUrl: string,
) {
  const { resultRef: _, requestRef: __, appId: ___, ...metadata } = job;
  return {
    ...metadata,
    ...toStatusView(job, steps, serviceUrl),
    artifacts: artifacts
      .toSorted((left, right) => left.index - right.index)
      .map((artifact) => ({
        index: artifact.index,
        partOf: artifact.partOf,
        part: artifact.part,
        outcome: artifact.outcome,
        code: artifact.code,
        mediaType: artifact.mediaType,
        sizeBytes: artifact.sizeBytes,
        pages: artifact.pages,
        words: artifact.words,
      })),
  };
}

function toProgress(
  job: JobDocument,
  steps: readonly StepDocument[],
): Progress {
  const totalSteps = countProgressItems(job);
  // The end reports nothing of its own, nor do branches that were given up.
  const completedSteps =
    job.status === "Completed"
      ? totalSteps
      : Math.min(steps.length, totalSteps - 1);
  return {
    completedSteps,
    totalSteps,
    percentage: Math.floor((100 * completedSteps) / totalSteps),
    currentStep: currentSteps[job.status],
  };
}
