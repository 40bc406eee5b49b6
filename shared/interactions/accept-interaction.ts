import type { Principal } from "../auth/principal.ts";
import type { RecordStore } from "../documents/kinds.ts";
import type { JobRunner } from "../durable/job-runner.ts";
import type { ActiveJobs } from "../jobs/active-jobs.ts";
import type { JobDocument } from "../jobs/documents.ts";
import { type JobRecords, recordIds } from "../jobs/job-records.ts";
import type { Now } from "../kernel/clock.ts";
import { Content } from "../kernel/content.ts";
import { NucleusError } from "../kernel/errors.ts";
import type { Logger } from "../kernel/log.ts";
import { Tag, type TraceParent } from "../kernel/metadata.ts";
import type { PersonaDefinition } from "../personas/persona.ts";
import { sealPersonas } from "../personas/pinned-personas.ts";
import type { ContentSafe } from "../vault/content-safe.ts";
import type { TenantHasher } from "../vault/tenant-hash.ts";
import type { Reservation, Reservations } from "./idempotency.ts";
import type { InteractionRequest } from "./interaction-request.ts";
import { toJobDocument } from "./to-job-document.ts";

/** How long after its acceptance the sweeper looks whether a job was really started. */
const startCheckMs = 60_000;

export interface Submission {
  readonly principal: Principal;
  readonly request: InteractionRequest;
  /** The personas that will work on it: known, and open to this tenant and conversation. */
  readonly personas: readonly PersonaDefinition[];
  readonly idempotencyKey: string | undefined;
  readonly traceparent: TraceParent | undefined;
}

export interface AcceptOptions {
  readonly store: RecordStore;
  readonly records: JobRecords;
  readonly active: ActiveJobs;
  readonly safe: ContentSafe;
  readonly hasher: TenantHasher;
  readonly reservations: Reservations;
  readonly log: Logger;
  readonly now: Now;
  readonly jobTimeoutMs: number;
  readonly resultTtlMs: number;
}

/** Where an interaction's request lies within its job's request key. */
const requestName = Tag.parse("interaction");

/**
 * Takes an interaction in: reserve an id, enter it in the sweeper's list, make its keys, seal the request, write the
 * job, start it. Each step can be repeated, so whoever comes next (the same request again, or the sweeper) goes on
 * where a crash stopped it; nothing is answered before the job is durable.
 */
export function createAcceptInteraction(options: AcceptOptions) {
  const { store, records, active, safe, hasher, reservations, log, now } =
    options;

  /** The job of this id, written once: its times come from the reservation, so a repetition writes the same. */
  const establish = async (
    submission: Submission,
    reservation: Pick<Reservation, "jobId" | "createdAtMs">,
  ): Promise<JobDocument> => {
    const { jobId, createdAtMs } = reservation;
    const { principal, request } = submission;
    const key = { tenantId: principal.tenantId, jobId };
    const known = await records.read(key);
    if (known) return known.document;

    await active.schedule(key, now() + startCheckMs);
    await safe.createKeys(jobId, ["request", "work", "result"]);
    // One after the other: when a seal is refused, none of them is still on its way.
    await sealPersonas(safe, jobId, submission.personas);
    const requestRef = await safe.seal(
      jobId,
      "request",
      requestName,
      Content.fromJson(request),
    );
    const deadlineAtMs = createdAtMs + options.jobTimeoutMs;
    const document = await toJobDocument(
      {
        ...submission,
        jobId,
        requestRef,
        createdAtMs,
        deadlineAtMs,
        retainUntilMs: deadlineAtMs + options.resultTtlMs,
      },
      hasher,
    );
    const written = await store.batch(
      { tenantId: key.tenantId, scope: jobId },
      [
        { op: "create", kind: "job", id: recordIds.job, document },
        {
          op: "create",
          kind: "event",
          id: recordIds.event("job.accepted"),
          document: {
            type: "job.accepted",
            at: document.createdAt,
            status: "Queued",
          },
        },
      ],
    );
    // Somebody else took the same steps at the same time, and theirs is the job; or the sweeper gave this one up.
    return written.ok ? document : await establish(submission, reservation);
  };

  return async function acceptInteraction(
    submission: Submission,
    runner: JobRunner,
  ): Promise<{ readonly jobId: Tag; readonly isReplay: boolean }> {
    const { principal, request } = submission;
    const { tenantId } = principal;
    let reservation = await reservations.reserve({
      tenantId,
      appId: principal.appId,
      key: submission.idempotencyKey,
      body: Content.fromJson(request),
    });
    if (reservation.isReplay)
      return { jobId: reservation.jobId, isReplay: true };

    try {
      let job: JobDocument;
      try {
        job = await establish(submission, reservation);
      } catch (thrown) {
        if (!isShredded(thrown)) throw thrown;
        reservation = await reservation.renew();
        job = await establish(submission, reservation);
      }
      const { jobId } = reservation;
      if (job.status === "Queued")
        await runner.start({ tenantId, jobId, deadlineAt: job.deadlineAt });
      await reservation.confirm();
      log.event("interaction.received", {
        tenantId,
        jobId,
        correlationId: job.correlationId,
        appId: principal.appId,
        artifacts: job.artifactCount,
        personas: job.personaIds.length,
        traceparent: job.traceparent,
      });
      return { jobId, isReplay: false };
    } catch (thrown) {
      // What went wrong is what the caller is told; a place that cannot be given up is free when its lease ends.
      await reservation.release().catch(() => undefined);
      throw thrown;
    }
  };
}

/** The sweeper gave the job up while its first request was away; its keys will never come back. */
function isShredded(thrown: unknown): boolean {
  return thrown instanceof NucleusError && thrown.code === "content_shredded";
}
