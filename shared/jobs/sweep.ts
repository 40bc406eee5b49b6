import type { JobRunner } from "../durable/job-runner.ts";
import type { Now } from "../kernel/clock.ts";
import type { Logger } from "../kernel/log.ts";
import { Tag } from "../kernel/metadata.ts";
import type { ContentSafe } from "../vault/content-safe.ts";
import type { ActiveJobs } from "./active-jobs.ts";
import type { ActiveDocument, JobDocument } from "./documents.ts";
import type { JobEnd } from "./finish-job.ts";
import type { JobKey, JobRecords } from "./job-records.ts";
import { isTerminal, type TerminalStatus } from "./job-status.ts";

/** An entry without a job is a request that died on its way in; after this long, nobody goes on with it. */
const abandonedAfterMs = 10 * 60_000;
const lookAgainMs = 60_000;
/** How long after its deadline a job may take to end by itself. */
const graceMs = 2 * 60_000;
const batchSize = 200;

/** The end of a job whose instance ended, or vanished, without it. */
const lost: JobEnd = {
  status: "Failed",
  failure: { code: "internal", step: "plan", retryable: true },
  answered: [],
};
const overdue: JobEnd = {
  status: "TimedOut",
  failure: { code: "job_timed_out", step: "deadline", retryable: false },
  answered: [],
};

export interface SweepOptions {
  readonly records: JobRecords;
  readonly active: ActiveJobs;
  readonly safe: ContentSafe;
  readonly finishJob: (key: JobKey, end: JobEnd) => Promise<TerminalStatus>;
  readonly log: Logger;
  readonly now: Now;
}

/**
 * Heals what a crash left behind: starts jobs that were accepted and never started, ends jobs whose orchestration died,
 * sends what was committed and never sent, and shreds what was kept for its time. Each entry is looked at when it is
 * due, so a healthy system has next to nothing to do.
 */
export function createSweep(options: SweepOptions) {
  const { records, active, safe, finishJob, log, now } = options;

  const healMissing = async (entry: ActiveDocument): Promise<string> => {
    if (
      now() - Date.parse(entry.enteredAt) < abandonedAfterMs ||
      !(await records.abandon(entry))
    ) {
      await active.schedule(entry, now() + lookAgainMs, entry.enteredAt);
      return "wait";
    }
    await safe.shred(entry.jobId, ["request", "work", "result"]);
    await active.remove(entry);
    return "forget";
  };

  const healRunning = async (
    key: JobKey,
    job: JobDocument,
    runner: JobRunner,
  ): Promise<string> => {
    const isOverdue = now() >= Date.parse(job.deadlineAt) + graceMs;
    const instance = await runner.find(key.jobId);
    if (instance === "absent" && !isOverdue && job.status === "Queued") {
      await runner.start({ ...key, deadlineAt: job.deadlineAt });
      await active.schedule(key, now() + lookAgainMs);
      return "start";
    }
    if (instance === "running" && !isOverdue) {
      await active.schedule(key, Date.parse(job.deadlineAt) + graceMs);
      return "wait";
    }
    await finishJob(key, isOverdue ? overdue : lost);
    if (instance === "running") await runner.terminate(key.jobId);
    return "finish";
  };

  const healEnded = async (
    key: JobKey,
    job: JobDocument,
    runner: JobRunner,
  ): Promise<string> => {
    if (!isTerminal(job.status)) return "wait";
    if (now() < Date.parse(job.retainUntil)) {
      await finishJob(key, { status: job.status, answered: [] });
      return "complete";
    }
    await safe.shred(key.jobId, ["request", "work", "result"]);
    await runner.purge({
      jobId: key.jobId,
      artifactCount: job.artifactCount,
      personaCount: job.personaIds.length,
      maxRounds: job.maxRounds,
      readsInParts: job.readsInParts,
    });
    await active.remove(key);
    return "expire";
  };

  const heal = async (
    entry: ActiveDocument,
    runner: JobRunner,
  ): Promise<string> => {
    const key = { tenantId: entry.tenantId, jobId: entry.jobId };
    const stored = await records.read(key);
    if (!stored) return healMissing(entry);
    return isTerminal(stored.document.status)
      ? healEnded(key, stored.document, runner)
      : healRunning(key, stored.document, runner);
  };

  return async function sweep(runner: JobRunner): Promise<void> {
    const due = await active.listDue(batchSize);
    let healed = 0;
    let failed = 0;
    for (const entry of due) {
      try {
        const action = await heal(entry, runner);
        if (action === "wait") continue;
        healed += 1;
        log.event("job.healed", {
          tenantId: entry.tenantId,
          jobId: entry.jobId,
          action: Tag.parse(action),
        });
      } catch {
        // A job that cannot be healed now must not keep the others waiting, in this sweep or in the next.
        failed += 1;
        await active
          .schedule(entry, now() + lookAgainMs, entry.enteredAt)
          .catch(() => undefined);
      }
    }
    if (due.length > 0)
      log.event("sweep.completed", { examined: due.length, healed, failed });
  };
}
