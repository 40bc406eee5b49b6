import type { Stored } from "../documents/document-store.ts";
import type { RecordStore } from "../documents/kinds.ts";
import type { Now } from "../kernel/clock.ts";
import { NucleusError } from "../kernel/errors.ts";
import { type IsoTime, Tag, toIsoTime } from "../kernel/metadata.ts";
import type { SpendingDocument } from "./spending.ts";

export interface Amount {
  readonly tokens: number;
  readonly costMicroUsd: number;
}

/** Who pays for a call. A call that is made again has the same id. */
export interface Payer {
  readonly tenantId: Tag;
  readonly callId: Tag;
}

/** What a tenant's jobs may take of models in a day (UTC). */
export interface TenantBudget {
  /**
   * Keeps the most that a call may take, before it is made.
   *
   * @throws NucleusError tenant_budget_exceeded where so much is not left today
   */
  reserve(payer: Payer, most: Amount): Promise<Reservation>;
  /** When there is a budget again, where today's is used up. */
  usedUpUntil(tenantId: Tag): Promise<IsoTime | undefined>;
}

export interface Reservation {
  /** Puts what the call took in the place of what was kept for it. */
  settle(taken: Amount): Promise<void>;
}

const dayMs = 24 * 3600 * 1000;
const ttlSeconds = (7 * dayMs) / 1000;
const documentId = Tag.parse("total");
const nothing: SpendingDocument = { tokens: 0, costMicroUsd: 0, reserved: [] };

/**
 * One document for each tenant and day, changed with compare-and-set.
 *
 * T1. What is spent and what is reserved never come to more than the limits, so calls at the same time cannot overspend
 *     together: by no more than counts of tokens before a call were too low.
 * T2. A call that is repeated after a crash takes the place of its own reservation. One that is never settled stays
 *     counted for its day.
 */
export function createTenantBudget(options: {
  readonly store: RecordStore;
  readonly now: Now;
  /** Infinity where there is no limit. */
  readonly limits: Amount;
}): TenantBudget {
  const { store, now, limits } = options;

  const partitionOf = (tenantId: Tag, atMs: number) => ({
    tenantId,
    scope: Tag.parse(`spending.${toIsoTime(atMs).slice(0, 10)}`),
  });
  type Partition = ReturnType<typeof partitionOf>;

  const change = async (
    partition: Partition,
    decide: (spending: SpendingDocument) => SpendingDocument,
  ): Promise<void> => {
    for (;;) {
      const held = await store.read("spending", partition, documentId);
      const document = decide(held?.document ?? nothing);
      const outcome = await store.batch(partition, [
        toOperation(document, held),
      ]);
      if (outcome.ok) return;
    }
  };

  return {
    async reserve({ tenantId, callId }, most) {
      const partition = partitionOf(tenantId, now());
      await change(partition, (spending) => {
        const next = withoutCall(spending, callId);
        if (!fits(next, most, limits))
          throw new NucleusError("tenant_budget_exceeded");
        return { ...next, reserved: [...next.reserved, { callId, ...most }] };
      });
      return {
        settle: (taken) =>
          change(partition, (spending) => {
            const next = withoutCall(spending, callId);
            return { ...next, ...add(next, taken) };
          }),
      };
    },

    async usedUpUntil(tenantId) {
      const partition = partitionOf(tenantId, now());
      const held = await store.read("spending", partition, documentId);
      const least = { tokens: 1, costMicroUsd: 1 };
      return fits(held?.document ?? nothing, least, limits)
        ? undefined
        : toIsoTime((Math.floor(now() / dayMs) + 1) * dayMs);
    },
  };
}

function toOperation(
  document: SpendingDocument,
  held: Stored<SpendingDocument> | undefined,
) {
  const target = {
    kind: "spending",
    id: documentId,
    document,
    ttlSeconds,
  } as const;
  return held
    ? ({ op: "replace", ...target, ifMatch: held.etag } as const)
    : ({ op: "create", ...target } as const);
}

function withoutCall(
  spending: SpendingDocument,
  callId: Tag,
): SpendingDocument {
  return {
    ...spending,
    reserved: spending.reserved.filter((call) => call.callId !== callId),
  };
}

function add(one: Amount, other: Amount): Amount {
  return {
    tokens: one.tokens + other.tokens,
    costMicroUsd: one.costMicroUsd + other.costMicroUsd,
  };
}

function fits(spending: SpendingDocument, more: Amount, limits: Amount) {
  const { tokens, costMicroUsd } = spending.reserved.reduce(
    add,
    add(spending, more),
  );
  return tokens <= limits.tokens && costMicroUsd <= limits.costMicroUsd;
}
