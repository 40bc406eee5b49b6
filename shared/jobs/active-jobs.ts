import type { RecordStore } from "../documents/kinds.ts";
import { systemTenant } from "../documents/system-tenant.ts";
import type { Now } from "../kernel/clock.ts";
import { type IsoTime, Tag, toIsoTime } from "../kernel/metadata.ts";
import type { ActiveDocument } from "./documents.ts";
import type { JobKey } from "./job-records.ts";

/** Spreads the writes of many jobs over partitions; a sweep reads all of them. */
const bucketCount = 16;

/**
 * The jobs that still need something of the sweeper, by when they need it. A job is entered before its first write and
 * removed after its last, so a crash anywhere leaves the entry that leads to its healing.
 */
export interface ActiveJobs {
  /** Enters the job, or moves it to another time; `enteredAt` keeps when it was entered first. */
  schedule(key: JobKey, dueAtMs: number, enteredAt?: IsoTime): Promise<void>;
  remove(key: JobKey): Promise<void>;
  /** Entries whose time has come, soonest first within a partition. */
  listDue(limit: number): Promise<readonly ActiveDocument[]>;
}

export function createActiveJobs(options: {
  readonly store: RecordStore;
  readonly now: Now;
}): ActiveJobs {
  const { store, now } = options;
  return {
    async schedule({ tenantId, jobId }, dueAtMs, enteredAt = toIsoTime(now())) {
      await store.batch(partitionOf(jobId), [
        {
          op: "upsert",
          kind: "active",
          id: jobId,
          document: {
            jobId,
            tenantId,
            dueAt: toIsoTime(dueAtMs),
            enteredAt,
          },
        },
      ]);
    },
    async remove({ jobId }) {
      await store.batch(partitionOf(jobId), [
        { op: "delete", kind: "active", id: jobId },
      ]);
    },
    async listDue(limit) {
      const page = await store.query({
        kind: "active",
        tenantId: systemTenant,
        where: { dueAt: { lte: toIsoTime(now()) } },
        orderBy: { field: "dueAt", direction: "asc" },
        limit,
      });
      return page.items.map(({ document }) => document);
    },
  };
}

function partitionOf(jobId: Tag) {
  const bucket = Number.parseInt(jobId.slice(-2), 16) % bucketCount;
  return { tenantId: systemTenant, scope: Tag.parse(`active.${bucket}`) };
}
