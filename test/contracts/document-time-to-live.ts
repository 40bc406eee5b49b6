import { expect, it } from "vitest";
import type { Operation } from "../../shared/documents/document-store.ts";
import {
  createJob,
  jobDocument,
  tag,
  type contractKinds,
  type OpenContractStore,
} from "../support/contract-documents.ts";
import { createManualClock } from "../support/manual-clock.ts";

const partition = { tenantId: tag("t1"), scope: tag("job-1") };

/** When documents of every document store are gone. */
export function describeTimeToLive(open: OpenContractStore): void {
  const id = tag("a");
  const create = { ...createJob("a"), ttlSeconds: 10 };

  it("a document is gone the moment its time to live has passed, for reads, queries and conditions", async () => {
    const clock = createManualClock();
    const store = await open({ now: clock.now });
    await store.batch(partition, [create]);
    clock.advance(9999);
    expect(await store.read("job", partition, id)).toBeDefined();
    clock.advance(1);
    expect(await store.read("job", partition, id)).toBeUndefined();
    const page = await store.query({
      kind: "job",
      tenantId: partition.tenantId,
      limit: 10,
    });
    expect(page.items).toEqual([]);
    expect(
      await store.batch(partition, [{ op: "delete", kind: "job", id }]),
    ).toMatchObject({ reason: "missing" });
    expect(await store.batch(partition, [createJob("a")])).toMatchObject({
      ok: true,
    });
  });

  it("for a condition, an expired document is missing, whatever etag is named", async () => {
    const clock = createManualClock();
    const store = await open({ now: clock.now });
    const created = await store.batch(partition, [create]);
    if (!created.ok) throw new Error("conflict");
    clock.advance(10_000);
    for (const ifMatch of [created.etags[0] ?? "", "another"]) {
      const operations: Operation<typeof contractKinds>[] = [
        { op: "replace", kind: "job", id, ifMatch, document: jobDocument() },
        { op: "delete", kind: "job", id, ifMatch },
      ];
      for (const operation of operations) {
        expect(
          await store.batch(partition, [createJob("new"), operation]),
        ).toEqual({ ok: false, index: 1, reason: "missing" });
      }
    }
    expect(await store.read("job", partition, tag("new"))).toBeUndefined();
  });

  it("an expired document makes way for new ones, and its etag fits none of them", async () => {
    const clock = createManualClock();
    const store = await open({ now: clock.now });
    const ids = ["a", "b", "c", "d"];
    const expiring = await store.batch(
      partition,
      ids.map((each) => ({ ...createJob(each), ttlSeconds: 10 })),
    );
    if (!expiring.ok) throw new Error("conflict");
    clock.advance(10_000);
    expect(
      await store.batch(
        partition,
        ids.map((each) => createJob(each, { status: "Processing" })),
      ),
    ).toMatchObject({ ok: true });
    const stored = await store.read("job", partition, id);
    expect(stored?.document.status).toBe("Processing");
    const ifMatch = expiring.etags[0] ?? "";
    expect(
      await store.batch(partition, [
        { op: "delete", kind: "job", id, ifMatch },
      ]),
    ).toEqual({ ok: false, index: 0, reason: "changed" });
    expect(await store.batch(partition, [createJob("a")])).toEqual({
      ok: false,
      index: 0,
      reason: "exists",
    });
  });

  it("a conflict before an expired document is the one that is named", async () => {
    const clock = createManualClock();
    const store = await open({ now: clock.now });
    await store.batch(partition, [create, createJob("taken")]);
    clock.advance(10_000);
    const outcome = await store.batch(partition, [
      createJob("taken"),
      { op: "delete", kind: "job", id },
    ]);
    expect(outcome).toEqual({ ok: false, index: 0, reason: "exists" });
  });

  it("a later write without a time to live keeps the document", async () => {
    const clock = createManualClock();
    const store = await open({ now: clock.now });
    await store.batch(partition, [create]);
    await store.batch(partition, [
      { op: "upsert", kind: "job", id, document: jobDocument() },
    ]);
    clock.advance(3_600_000);
    expect(await store.read("job", partition, id)).toBeDefined();
  });

  it.each([0, -1, 1.5, 2 ** 31])(
    "a time to live of %d s is refused",
    async (ttlSeconds) => {
      const store = await open({ now: createManualClock().now });
      const operation = { ...create, ttlSeconds } as Operation<
        typeof contractKinds
      >;
      await expect(store.batch(partition, [operation])).rejects.toMatchObject({
        code: "document_invalid",
      });
    },
  );
}
