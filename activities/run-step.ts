import type { JobDocument, StepId } from "../shared/jobs/documents.ts";
import type { JobKey, JobRecords } from "../shared/jobs/job-records.ts";
import type { RunningStatus } from "../shared/jobs/job-status.ts";
import type { Now } from "../shared/kernel/clock.ts";
import { NucleusError, toNucleusError } from "../shared/kernel/errors.ts";
import type { Logger } from "../shared/kernel/log.ts";
import { Tag } from "../shared/kernel/metadata.ts";

/** What asks us to slow down is waited for up to here; beyond it, the retries' own backoff has to do. */
const maxRetryAfterMs = 30_000;

export interface StepRunner {
  /**
   * Does one item of a step's work: looks whether the job still wants it, moves the job's state forward, and records
   * how it ended. Failures go on to the orchestrator.
   */
  run<T>(
    step: StepToRun,
    work: (job: JobDocument, signal: AbortSignal) => Promise<T>,
  ): Promise<T>;
}

interface StepToRun {
  readonly key: JobKey;
  readonly step: StepId;
  readonly item: number;
  /** The job's state while this works. */
  readonly status: RunningStatus;
}

export function createStepRunner(options: {
  readonly records: JobRecords;
  readonly log: Logger;
  readonly now: Now;
  readonly sleep: (ms: number) => Promise<unknown>;
}): StepRunner {
  const { records, log, now, sleep } = options;
  return {
    async run({ key, step, item, status }, work) {
      const startedAtMs = now();
      const job = await records.begin(key, status);
      const durationMs = () => Math.max(0, Math.round(now() - startedAtMs));
      try {
        const leftMs = Date.parse(job.deadlineAt) - now();
        const value = await work(job, AbortSignal.timeout(Math.max(1, leftMs)));
        await records.reportStep(key, { step, item, durationMs: durationMs() });
        return value;
      } catch (thrown) {
        const error = atDeadline(job, now())
          ? new NucleusError("job_timed_out")
          : toNucleusError(thrown);
        log.event("step.failed", {
          ...key,
          traceparent: job.traceparent,
          step: Tag.parse(step),
          item,
          code: error.code,
          retryable: error.retryable,
        });
        await records.reportStep(key, {
          step,
          item,
          durationMs: durationMs(),
          code: error.code,
        });
        if (error.retryable && error.retryAfterMs !== undefined)
          await sleep(Math.min(error.retryAfterMs, maxRetryAfterMs));
        throw error;
      }
    },
  };
}

function atDeadline(job: JobDocument, nowMs: number): boolean {
  return Date.parse(job.deadlineAt) <= nowMs;
}
