import type { RecordStore } from "../documents/kinds.ts";
import type { Stored } from "../documents/document-store.ts";
import type { IdempotencyDocument } from "../jobs/documents.ts";
import type { Now } from "../kernel/clock.ts";
import { Content } from "../kernel/content.ts";
import { NucleusError } from "../kernel/errors.ts";
import { newId } from "../kernel/ids.ts";
import { type KeyedHash, Tag, toIsoTime } from "../kernel/metadata.ts";
import type { TenantHasher } from "../vault/tenant-hash.ts";

/** How long the first request may take before another one takes its work over. */
const leaseMs = 60_000;
/** An acceptance takes milliseconds: whoever is told to wait need not wait for a lease to end. */
const askAgainMs = 1_000;
const recordId = Tag.parse("key");

/** A place for one logical request: the job id that all its repetitions share. */
export interface Reservation {
  readonly jobId: Tag;
  readonly createdAtMs: number;
  /** The request was accepted before: answer the same, do nothing. */
  readonly isReplay: boolean;
  /** Takes another job id, because the keys of this one were shredded while nobody worked on it. */
  renew(): Promise<Reservation>;
  /** Remembers that the request is accepted. */
  confirm(): Promise<void>;
  /** Gives the place up after a failure, so that the next request need not wait for the lease to end. */
  release(): Promise<void>;
}

export interface ReservationRequest {
  readonly tenantId: Tag;
  readonly appId: Tag;
  /** Absent: every request is a new one. */
  readonly key: string | undefined;
  readonly body: Content;
}

export interface Reservations {
  reserve(request: ReservationRequest): Promise<Reservation>;
  /** The job that the same request was accepted as before, if it was: whatever has changed since, it is answered again. */
  findAccepted(request: ReservationRequest): Promise<Tag | undefined>;
}

/**
 * Reserves a job id for a request (`Idempotency-Key`, draft-ietf-httpapi-idempotency-key-header-07).
 *
 * @throws NucleusError idempotency_key_reused (other body), idempotency_in_flight (the first request holds its lease)
 */
export function createReservations(options: {
  readonly store: RecordStore;
  readonly hasher: TenantHasher;
  readonly now: Now;
  readonly ttlSeconds: number;
}): Reservations {
  const { store, hasher, now, ttlSeconds } = options;

  const findAccepted: Reservations["findAccepted"] = async (request) => {
    const { tenantId, key, body } = request;
    if (key === undefined) return undefined;
    const partition = await partitionOf(hasher, { ...request, key });
    const held = await store.read("idempotency", partition, recordId);
    if (held?.document.state !== "accepted") return undefined;
    const bodyHash = await hasher.hash(tenantId, "idempotency-body", body);
    return held.document.bodyHash === bodyHash
      ? held.document.jobId
      : undefined;
  };

  const reserve = async (request: ReservationRequest): Promise<Reservation> => {
    const { tenantId, appId, key, body } = request;
    if (key === undefined) return unkeyed();

    const partition = await partitionOf(hasher, { tenantId, appId, key });
    const bodyHash = await hasher.hash(tenantId, "idempotency-body", body);

    const write = async (
      document: IdempotencyDocument,
      held: Stored<IdempotencyDocument> | undefined,
    ): Promise<Stored<IdempotencyDocument> | undefined> => {
      const target = {
        kind: "idempotency",
        id: recordId,
        document,
        ttlSeconds,
      } as const;
      const outcome = await store.batch(partition, [
        held
          ? { op: "replace", ...target, ifMatch: held.etag }
          : { op: "create", ...target },
      ]);
      const [etag] = outcome.ok ? outcome.etags : [];
      return etag === undefined
        ? undefined
        : { id: recordId, scope: partition.scope, etag, document };
    };

    const toReservation = (held: Stored<IdempotencyDocument>): Reservation => ({
      jobId: held.document.jobId,
      createdAtMs: Date.parse(held.document.createdAt),
      isReplay: held.document.state === "accepted",
      renew: async () => {
        const renewed = await write(lease(bodyHash, newId(), now()), held);
        if (!renewed) throw new NucleusError("idempotency_in_flight");
        return toReservation(renewed);
      },
      confirm: async () => {
        await write({ ...held.document, state: "accepted" }, held);
      },
      release: async () => {
        await write({ ...held.document, leaseUntil: toIsoTime(now()) }, held);
      },
    });

    for (;;) {
      const held = await store.read("idempotency", partition, recordId);
      if (!held) {
        const created = await write(lease(bodyHash, newId(), now()), undefined);
        if (created) return toReservation(created);
        continue;
      }
      if (held.document.bodyHash !== bodyHash)
        throw new NucleusError("idempotency_key_reused");
      if (held.document.state === "accepted") return toReservation(held);
      const leaseLeftMs = Date.parse(held.document.leaseUntil) - now();
      if (leaseLeftMs > 0)
        throw new NucleusError("idempotency_in_flight", {
          retryAfterMs: Math.min(leaseLeftMs, askAgainMs),
        });
      const taken = await write(
        { ...held.document, leaseUntil: toIsoTime(now() + leaseMs) },
        held,
      );
      if (taken) return toReservation(taken);
    }
  };

  const unkeyed = (): Reservation => ({
    jobId: newId(),
    createdAtMs: now(),
    isReplay: false,
    renew: () => Promise.resolve(unkeyed()),
    confirm: () => Promise.resolve(),
    release: () => Promise.resolve(),
  });

  return { reserve, findAccepted };
}

async function partitionOf(
  hasher: TenantHasher,
  of: { readonly tenantId: Tag; readonly appId: Tag; readonly key: string },
) {
  const keyHash = await hasher.hash(
    of.tenantId,
    "idempotency-key",
    Content.fromText(`${of.appId}\n${of.key}`),
  );
  return { tenantId: of.tenantId, scope: Tag.parse(`idem.${keyHash}`) };
}

function lease(
  bodyHash: KeyedHash,
  jobId: Tag,
  nowMs: number,
): IdempotencyDocument {
  return {
    jobId,
    bodyHash,
    state: "accepting",
    leaseUntil: toIsoTime(nowMs + leaseMs),
    createdAt: toIsoTime(nowMs),
  };
}
