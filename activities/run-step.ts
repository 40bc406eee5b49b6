import type { JobDocument, StepId } from "../shared/jobs/documents.ts";
import type { JobKey, JobRecords } from "../shared/jobs/job-records.ts";
import type { RunningStatus } from "../shared/jobs/job-status.ts";
import type { Now } from "../shared/kernel/clock.ts";
import { toDenial } from "../shared/kernel/azure-roles.ts";
import { NucleusError, toNucleusError } from "../shared/kernel/errors.ts";
import type { Logger } from "../shared/kernel/log.ts";
import { Tag } from "../shared/kernel/metadata.ts";
import { toActivitySpan } from "../shared/jobs/to-activity-span.ts";
import { noTelemetry } from "../shared/telemetry/no-telemetry.ts";
import type { Telemetry } from "../shared/telemetry/telemetry.ts";

/** What asks us to slow down is waited for up to here; beyond it, the retries' own backoff has to do. */
const maxRetryAfterMs = 30_000;

export interface StepRunner {
  /**
   * Does one item of a step's work: looks whether the job still wants it, moves the job's state forward, and records
   * how it ended. Failures go on to the orchestrator.
   */
  run<T>(step: StepToRun<T>, work: StepWork<T>): Promise<T>;
}

type StepWork<T> = (job: JobDocument, signal: AbortSignal) => Promise<T>;

interface StepToRun<T> {
  readonly key: JobKey;
  readonly step: StepId;
  readonly item: number;
  /** The job's state while this works. */
  readonly status: RunningStatus;
  /** Whether more is to come of the item, by what the work made of it; its end is reported only where not. */
  readonly goesOn?: (made: T | undefined) => boolean;
}

export function createStepRunner(options: {
  readonly records: JobRecords;
  readonly log: Logger;
  readonly now: Now;
  readonly sleep: (ms: number) => Promise<unknown>;
  readonly telemetry?: Telemetry;
}): StepRunner {
  const { records, log, now, sleep, telemetry = noTelemetry } = options;

  const attempt = async <T>(
    { key, step, item, goesOn = () => false }: StepToRun<T>,
    job: JobDocument,
    startedAtMs: number,
    work: StepWork<T>,
  ): Promise<T> => {
    const durationMs = () => Math.max(0, Math.round(now() - startedAtMs));
    try {
      const leftMs = Date.parse(job.deadlineAt) - now();
      const value = await work(job, AbortSignal.timeout(Math.max(1, leftMs)));
      if (!goesOn(value))
        await records.reportStep(key, { step, item, durationMs: durationMs() });
      return value;
    } catch (thrown) {
      const error = atDeadline(job, now())
        ? new NucleusError("job_timed_out")
        : toNucleusError(thrown);
      const { code, retryable } = error;
      log.event("step.failed", {
        ...key,
        traceparent: job.traceparent,
        step: Tag.parse(step),
        item,
        code,
        retryable,
        ...toDenial(error),
      });
      if (!goesOn(undefined))
        await records.reportStep(key, {
          step,
          item,
          durationMs: durationMs(),
          code,
        });
      throw error;
    }
  };

  return {
    async run(step, work) {
      const startedAtMs = now();
      const job = await records.begin(step.key, step.status);
      const span = toActivitySpan(job, step.step, step.item);
      try {
        return await telemetry.span("activity.run", span, () =>
          attempt(step, job, startedAtMs, work),
        );
      } catch (thrown) {
        await waitAsAsked(thrown, sleep);
        throw thrown;
      }
    },
  };
}

/** The wait is not the step's work: its span has ended. */
async function waitAsAsked(
  thrown: unknown,
  sleep: (ms: number) => Promise<unknown>,
): Promise<void> {
  if (
    thrown instanceof NucleusError &&
    thrown.retryable &&
    thrown.retryAfterMs !== undefined
  )
    await sleep(Math.min(thrown.retryAfterMs, maxRetryAfterMs));
}

function atDeadline(job: JobDocument, nowMs: number): boolean {
  return Date.parse(job.deadlineAt) <= nowMs;
}
