import { createHash, randomUUID } from "node:crypto";
import { z } from "zod";
import { NucleusError } from "../kernel/errors.ts";
import { defineMetadata, Tag } from "../kernel/metadata.ts";
import type { DocumentStore } from "./document-store.ts";
import { systemTenant } from "./system-tenant.ts";

/** Who holds a lock, until the document's time to live has passed. */
export const LeaseDocument = defineMetadata(z.strictObject({ holder: Tag }));

/**
 * Runs work that no other process runs at the same time under the same name.
 *
 * L1. The lease outlives its holder's process by `leaseSeconds` at most; work that takes longer than that may meet
 *     another holder, so it must be short, and right (if wasteful) also when it runs twice.
 */
export type WithLock = <T>(name: string, work: () => Promise<T>) => Promise<T>;

const leaseSeconds = 60;
const attempts = 300;
const waitMs = 250;

export interface LeaseLockOptions {
  readonly store: Pick<
    DocumentStore<{ readonly lease: typeof LeaseDocument }>,
    "batch"
  >;
  readonly sleep: (ms: number) => Promise<unknown>;
  readonly random: () => number;
}

/**
 * A lock in the document store: what a create-once needs where the store of the thing itself has no conditional write.
 *
 * The lock's `WithLock` throws store_unavailable when the lock stays taken for longer than a lease, and what the work
 * throws.
 */
export function createLeaseLock(options: LeaseLockOptions): WithLock {
  const { store, sleep, random } = options;

  const acquire = async (name: Tag): Promise<string> => {
    const holder = Tag.parse(randomUUID());
    for (let attempt = 0; attempt < attempts; attempt += 1) {
      const outcome = await store.batch(partitionOf(name), [
        {
          op: "create",
          kind: "lease",
          id: name,
          document: { holder },
          ttlSeconds: leaseSeconds,
        },
      ]);
      if (outcome.ok) return outcome.etags[0] ?? "";
      // Between half and one and a half of the wait, so that waiters do not come together.
      await sleep(waitMs * (0.5 + random()));
    }
    throw new NucleusError("store_unavailable");
  };

  return async (text, work) => {
    const name = toLockId(text);
    const etag = await acquire(name);
    try {
      return await work();
    } finally {
      await release(store, name, etag);
    }
  };
}

/** An id for any name, whatever its length and characters. */
function toLockId(name: string): Tag {
  return Tag.parse(createHash("sha256").update(name).digest("hex"));
}

/** A lease that is not given back ends by itself, and the work is done: a failure here is nobody's. */
async function release(
  store: LeaseLockOptions["store"],
  name: Tag,
  etag: string,
): Promise<void> {
  await store
    .batch(partitionOf(name), [
      { op: "delete", kind: "lease", id: name, ifMatch: etag },
    ])
    .catch(() => undefined);
}

function partitionOf(name: Tag) {
  return { tenantId: systemTenant, scope: name };
}
