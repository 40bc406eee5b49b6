import type { RecordStore } from "../documents/kinds.ts";
import type { Operation, Stored } from "../documents/document-store.ts";
import type { kinds } from "../documents/kinds.ts";
import type { Now } from "../kernel/clock.ts";
import { type ErrorCode, NucleusError } from "../kernel/errors.ts";
import type { Logger } from "../kernel/log.ts";
import { type IsoTime, Tag, toIsoTime } from "../kernel/metadata.ts";
import type {
  ArtifactDocument,
  JobDocument,
  StepDocument,
} from "./documents.ts";
import { advance, isTerminal, type RunningStatus } from "./job-status.ts";
import { listArtifacts } from "./list-artifacts.ts";

export interface JobKey {
  readonly tenantId: Tag;
  readonly jobId: Tag;
}

/** Ids within a job's partition. */
export const recordIds = {
  job: Tag.parse("job"),
  step: (step: string, item: number) => Tag.parse(`step:${step}:${item}`),
  event: (event: string) => Tag.parse(`event:${event}`),
  artifact: (index: number) => Tag.parse(`artifact:${index}`),
  knowledge: (personaId: Tag) => Tag.parse(`knowledge:${personaId}`),
  outbox: (deliveryId: Tag) => Tag.parse(`outbox:${deliveryId}`),
} as const;

/** Longer than any request that stalled on its way in may come back. */
const abandonedTtlSeconds = 30 * 24 * 3600;

type StepReport = Pick<StepDocument, "step" | "item" | "durationMs"> & {
  readonly code?: ErrorCode;
};

/**
 * A job's records, as the activities of that job see them. Each method may run twice or late: records are keyed by what
 * they describe, the job's state only moves forward, and a job that has ended takes no more of them.
 */
export interface JobRecords {
  read(key: JobKey): Promise<Stored<JobDocument> | undefined>;
  /**
   * The job, moved forward to `status`, for a step that is about to work.
   *
   * @throws NucleusError job_cancelled, job_timed_out or job_already_finished when the step must not work any more
   */
  begin(key: JobKey, status: RunningStatus): Promise<JobDocument>;
  /** Makes sure that no job of this id will be written any more; false when there is one already. */
  abandon(key: JobKey): Promise<boolean>;
  /** Changes the job with compare-and-set; `change` returns undefined to leave it as it is. Answers what is stored now. */
  change(
    key: JobKey,
    change: (job: JobDocument) => JobDocument | undefined,
    others?: readonly Operation<typeof kinds>[],
  ): Promise<JobDocument>;
  /**
   * Records how an attempt at one item of a step ended: counted as progress, listed as an event. A failure that a retry
   * mends is overwritten; a success never is.
   */
  reportStep(key: JobKey, report: StepReport): Promise<void>;
  /** Merges what is now known of an artifact into its record; undefined leaves it as it is. */
  mergeArtifact(
    key: JobKey,
    index: number,
    merge: (
      known: ArtifactDocument | undefined,
    ) => ArtifactDocument | undefined,
  ): Promise<void>;
  /** What is known of the job's artifacts and of the parts of them, by index. */
  listArtifacts(key: JobKey): Promise<readonly ArtifactDocument[]>;
}

/** Creates the records over a document store. */
export function createJobRecords(options: {
  readonly store: RecordStore;
  readonly log: Logger;
  readonly now: Now;
}): JobRecords {
  const { store, log, now } = options;
  const partitionOf = ({ tenantId, jobId }: JobKey) => ({
    tenantId,
    scope: jobId,
  });

  const read = (key: JobKey) =>
    store.read("job", partitionOf(key), recordIds.job);

  const change: JobRecords["change"] = async (key, decide, others = []) => {
    for (;;) {
      const stored = await read(key);
      if (!stored) throw new NucleusError("not_found");
      const changed = decide(stored.document);
      if (!changed) return stored.document;
      const document = { ...changed, updatedAt: toIsoTime(now()) };
      const outcome = await store.batch(partitionOf(key), [
        {
          op: "replace",
          kind: "job",
          id: recordIds.job,
          document,
          ifMatch: stored.etag,
        },
        ...others,
      ]);
      if (!outcome.ok) continue;
      const { status } = document;
      if (status !== stored.document.status)
        log.event("job.status-changed", { ...key, status: Tag.parse(status) });
      return document;
    }
  };

  const begin: JobRecords["begin"] = (key, status) =>
    change(key, (job) => {
      refuseWhenOver(job, now());
      const next = advance(job.status, status);
      return next === job.status
        ? undefined
        : {
            ...job,
            status: next,
            startedAt: job.startedAt ?? toIsoTime(now()),
          };
    });

  const reportStep: JobRecords["reportStep"] = async (key, report) => {
    const { step, item, code } = report;
    const job = await read(key);
    const known = await store.read(
      "step",
      partitionOf(key),
      recordIds.step(step, item),
    );
    const isLate = code !== undefined && known?.document.outcome === "done";
    if (!job || isTerminal(job.document.status) || isLate) return;
    await store.batch(
      partitionOf(key),
      toStepOperations(report, toIsoTime(now())),
    );
  };

  const mergeArtifact: JobRecords["mergeArtifact"] = async (
    key,
    index,
    merge,
  ) => {
    const id = recordIds.artifact(index);
    for (;;) {
      const job = await read(key);
      if (!job || isTerminal(job.document.status)) return;
      const stored = await store.read("artifact", partitionOf(key), id);
      const document = merge(stored?.document);
      if (!document) return;
      const outcome = await store.batch(partitionOf(key), [
        stored
          ? {
              op: "replace",
              kind: "artifact",
              id,
              document,
              ifMatch: stored.etag,
            }
          : { op: "create", kind: "artifact", id, document },
      ]);
      if (outcome.ok) return;
    }
  };

  const abandon: JobRecords["abandon"] = async (key) => {
    const marker = toAbandonedMarker(toIsoTime(now()));
    await store.batch(partitionOf(key), [marker]);
    return (await read(key)) === undefined;
  };

  const own = { read, begin, abandon, change, reportStep, mergeArtifact };
  return { ...own, listArtifacts: (key) => listArtifacts(store, key) };
}

/** Stands where a job's first event would: whoever would write the job later finds the place taken. */
function toAbandonedMarker(at: IsoTime): Operation<typeof kinds> {
  return {
    op: "create",
    kind: "event",
    id: recordIds.event("job.accepted"),
    document: { type: "job.abandoned", at },
    ttlSeconds: abandonedTtlSeconds,
  };
}

/** What is written of an attempt's end: the item's progress, and the event of it. */
function toStepOperations(
  { step, item, code, durationMs }: StepReport,
  finishedAt: IsoTime,
): Operation<typeof kinds>[] {
  const failure = code === undefined ? {} : { code };
  return [
    {
      op: "upsert",
      kind: "step",
      id: recordIds.step(step, item),
      document: {
        step,
        item,
        outcome: code === undefined ? "done" : "failed",
        ...failure,
        durationMs,
        finishedAt,
      },
    },
    {
      op: "upsert",
      kind: "event",
      id: recordIds.event(`${step}.${item}.ended`),
      document: {
        type: code === undefined ? "step.completed" : "step.failed",
        at: finishedAt,
        step,
        item,
        ...failure,
      },
    },
  ];
}

function refuseWhenOver(job: JobDocument, nowMs: number): void {
  if (
    job.status === "Cancelled" ||
    (!isTerminal(job.status) && job.cancelRequestedAt !== undefined)
  )
    throw new NucleusError("job_cancelled");
  if (job.status === "TimedOut") throw new NucleusError("job_timed_out");
  if (isTerminal(job.status)) throw new NucleusError("job_already_finished");
  if (Date.parse(job.deadlineAt) <= nowMs)
    throw new NucleusError("job_timed_out");
}
