import type { Operation } from "../documents/document-store.ts";
import type { kinds, RecordStore } from "../documents/kinds.ts";
import type { Now } from "../kernel/clock.ts";
import { NucleusError } from "../kernel/errors.ts";
import type { Logger } from "../kernel/log.ts";
import { type ContentRef, Tag, toIsoTime } from "../kernel/metadata.ts";
import { noTelemetry } from "../telemetry/no-telemetry.ts";
import type { Telemetry } from "../telemetry/telemetry.ts";
import type { ContentSafe } from "../vault/content-safe.ts";
import type { Deliveries } from "../webhooks/deliveries.ts";
import { jobEventTypes } from "../webhooks/event.ts";
import type { Subscriptions } from "../webhooks/subscriptions.ts";
import type { ActiveJobs } from "./active-jobs.ts";
import type { JobDocument, JobFailure } from "./documents.ts";
import { type JobKey, type JobRecords, recordIds } from "./job-records.ts";
import { isTerminal, type TerminalStatus } from "./job-status.ts";
import { toActivitySpan } from "./to-activity-span.ts";

/** A result that a callback announces stays readable for as long as its delivery may take (DESIGN §3). */
const callbackRetentionMs = 96 * 3600 * 1000;

/** When the sweeper looks whether what belongs to a job's end was done after all. */
const completeAgainMs = 60_000;

export interface JobEnd {
  readonly status: TerminalStatus;
  readonly failure?: JobFailure | undefined;
  readonly answered: readonly Tag[];
}

export interface FinishJobOptions {
  readonly store: RecordStore;
  readonly records: JobRecords;
  readonly active: ActiveJobs;
  readonly safe: ContentSafe;
  readonly subscriptions: Subscriptions;
  readonly deliveries: Deliveries;
  readonly assembleResult: (
    key: JobKey,
    job: JobDocument,
    answered: readonly Tag[],
  ) => Promise<ContentRef>;
  readonly resultTtlMs: number;
  readonly log: Logger;
  readonly now: Now;
  readonly telemetry?: Telemetry;
}

/**
 * Ends a job: seals its result, commits its terminal state together with what is to be announced (one conditional
 * batch), announces it, and shreds its work key. Whoever comes second finds the job ended and only completes what the
 * first left undone, so it may run any number of times.
 *
 * @returns the state the job really has
 */
export function createFinishJob(options: FinishJobOptions) {
  const { records, active, safe, log, now, telemetry = noTelemetry } = options;

  /** Ends the job as it was read; one that was ended or cancelled since is left as it is. */
  const commit = async (
    key: JobKey,
    job: JobDocument,
    end: JobEnd,
  ): Promise<JobDocument> => {
    const resultRef =
      end.status === "Completed"
        ? await options.assembleResult(key, job, end.answered)
        : undefined;
    const outbox = await toOutbox(options, key, job, end.status);
    const completedAtMs = now();
    const retentionMs =
      outbox.length > 0
        ? Math.max(options.resultTtlMs, callbackRetentionMs)
        : options.resultTtlMs;
    const completedAt = toIsoTime(completedAtMs);
    return records.change(
      key,
      (current) =>
        isTerminal(current.status) ||
        current.cancelRequestedAt !== job.cancelRequestedAt
          ? undefined
          : {
              ...current,
              status: end.status,
              completedAt,
              retainUntil: toIsoTime(completedAtMs + retentionMs),
              ...(end.failure && { error: end.failure }),
              ...(resultRef && { resultRef }),
            },
      [
        ...outbox,
        {
          op: "upsert",
          kind: "event",
          id: recordIds.event("job.finished"),
          document: {
            type: "job.finished",
            at: completedAt,
            status: end.status,
            ...(end.failure && { code: end.failure.code }),
          },
        },
      ],
    );
  };

  const finish = async (
    key: JobKey,
    known: JobDocument,
    asked: JobEnd,
  ): Promise<TerminalStatus> => {
    let job = known;
    while (!isTerminal(job.status)) {
      job = await commit(key, job, honourCancellation(job, asked));
      if (isTerminal(job.status))
        log.event("job.finished", {
          ...key,
          traceparent: job.traceparent,
          correlationId: job.correlationId,
          status: Tag.parse(job.status),
          durationMs: Math.max(0, now() - Date.parse(job.createdAt)),
          code: job.error?.code,
        });
    }
    try {
      await relayOutbox(options, key, job);
      await safe.shred(key.jobId, ["work"]);
    } catch (thrown) {
      // An outage may outlast the retries of whoever called: then it is the sweeper's, and soon.
      await active.schedule(key, now() + completeAgainMs);
      throw thrown;
    }
    await active.schedule(key, Date.parse(job.retainUntil));
    return job.status;
  };

  return async function finishJob(
    key: JobKey,
    asked: JobEnd,
  ): Promise<TerminalStatus> {
    const stored = await records.read(key);
    if (!stored) throw new NucleusError("not_found");
    const job = stored.document;
    return telemetry.span(
      "activity.run",
      toActivitySpan(job, "finish", 0),
      () => finish(key, job, asked),
    );
  };
}

/** A caller who was told that the job will be cancelled never sees it complete. */
function honourCancellation(job: JobDocument, asked: JobEnd): JobEnd {
  return asked.status === "Completed" && job.cancelRequestedAt !== undefined
    ? {
        status: "Cancelled",
        failure: { code: "job_cancelled", step: "cancel", retryable: false },
        answered: [],
      }
    : asked;
}

/** Sends what a job's end committed and has not sent yet. */
async function relayOutbox(
  { store, deliveries }: Pick<FinishJobOptions, "store" | "deliveries">,
  { tenantId, jobId }: JobKey,
  job: JobDocument,
): Promise<void> {
  const page = await store.query({
    kind: "outbox",
    tenantId,
    scope: jobId,
    limit: 100,
  });
  for (const { id, document } of page.items) {
    await deliveries.dispatch(job, tenantId, document);
    await store.batch({ tenantId, scope: jobId }, [
      { op: "delete", kind: "outbox", id },
    ]);
  }
}

/** One entry for the interaction's own callbackUrl, and one for each of the application's webhooks that asked for it. */
async function toOutbox(
  { subscriptions, now }: FinishJobOptions,
  { tenantId, jobId }: JobKey,
  job: JobDocument,
  status: TerminalStatus,
): Promise<Operation<typeof kinds>[]> {
  const eventType = jobEventTypes[status];
  const webhooks = await subscriptions.list({ tenantId, appId: job.appId });
  const subscribed = webhooks.filter(
    (webhook) =>
      webhook.status === "active" && webhook.eventTypes.includes(eventType),
  );
  const createdAt = toIsoTime(now());
  const entry = (webhookId: Tag | undefined): Operation<typeof kinds> => {
    const deliveryId = toDeliveryId(jobId, webhookId);
    return {
      op: "upsert",
      kind: "outbox",
      id: recordIds.outbox(deliveryId),
      document: {
        deliveryId,
        ...(webhookId !== undefined && { webhookId }),
        createdAt,
      },
    };
  };
  return [
    ...(job.hasCallback ? [entry(undefined)] : []),
    ...subscribed.map(({ webhookId }) => entry(webhookId)),
  ];
}

/** The `webhook-id`: the same however often a job's end is repeated, and without a dot, as Standard Webhooks asks. */
export function toDeliveryId(jobId: Tag, webhookId: Tag | undefined): Tag {
  return Tag.parse(
    webhookId === undefined ? `msg_${jobId}` : `msg_${jobId}_${webhookId}`,
  );
}
