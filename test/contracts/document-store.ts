import { describe, expect, it } from "vitest";
import type { Operation } from "../../shared/documents/document-store.ts";
import { createManualClock } from "../support/manual-clock.ts";
import {
  createJob,
  jobDocument,
  tag,
  type contractKinds,
  type OpenContractStore,
} from "../support/contract-documents.ts";
import { describeDocumentLimits } from "./document-limits.ts";
import { describeDocumentQueries } from "./document-queries.ts";
import { describeTimeToLive } from "./document-time-to-live.ts";

const partition = { tenantId: tag("t1"), scope: tag("job-1") };

/** What every document store does. `open` gives an empty one; it is closed by the suite's caller. */
export function describeDocumentStoreContract(
  name: string,
  open: OpenContractStore,
): void {
  describe(`document store: ${name}`, () => {
    describeBatches(open);
    describeDocumentLimits(open);
    describeTimeToLive(open);
    describeDocumentQueries(open);
  });
}

const openNow = (open: OpenContractStore) =>
  open({ now: createManualClock().now });

function describeBatches(open: OpenContractStore): void {
  it("what was created is read back with its id, scope and etag", async () => {
    const store = await openNow(open);
    const outcome = await store.batch(partition, [
      createJob("a", { persona: tag("analyst") }),
    ]);
    if (!outcome.ok) throw new Error("conflict");
    expect(await store.read("job", partition, tag("a"))).toEqual({
      id: "a",
      scope: "job-1",
      etag: outcome.etags[0],
      document: jobDocument({ persona: tag("analyst") }),
    });
  });

  it("ids are unique per kind and partition, not beyond", async () => {
    const store = await openNow(open);
    const elsewhere = { tenantId: tag("t2"), scope: tag("job-1") };
    await store.batch(partition, [
      createJob("a"),
      { op: "create", kind: "event", id: tag("a"), document: { sequence: 1 } },
    ]);
    expect(await store.batch(elsewhere, [createJob("a")])).toMatchObject({
      ok: true,
    });
    expect(await store.batch(partition, [createJob("a")])).toEqual({
      ok: false,
      index: 0,
      reason: "exists",
    });
  });

  it("a conflict undoes the whole batch and names the first operation that conflicted", async () => {
    const store = await openNow(open);
    await store.batch(partition, [createJob("taken")]);
    const outcome = await store.batch(partition, [
      createJob("new"),
      createJob("taken"),
      { op: "delete", kind: "job", id: tag("nobody") },
    ]);
    expect(outcome).toEqual({ ok: false, index: 1, reason: "exists" });
    expect(await store.read("job", partition, tag("new"))).toBeUndefined();
  });

  it("a conflict undoes its own batch only, among batches of the same moment", async () => {
    const store = await openNow(open);
    await store.batch(partition, [createJob("a")]);
    const outcomes = await Promise.all([
      store.batch(partition, [createJob("b"), createJob("a")]),
      store.batch(partition, [createJob("b")]),
    ]);
    expect(outcomes.map((outcome) => outcome.ok)).toEqual([false, true]);
  });

  it("operations on one document within a batch see each other", async () => {
    const store = await openNow(open);
    const outcome = await store.batch(partition, [
      createJob("a"),
      { op: "delete", kind: "job", id: tag("a") },
      createJob("a", { status: "Processing" }),
    ]);
    expect(outcome).toMatchObject({ ok: true });
    const stored = await store.read("job", partition, tag("a"));
    expect(stored?.document.status).toBe("Processing");
  });

  it("replace needs the etag of the newest write; of two racers one wins", async () => {
    const store = await openNow(open);
    await store.batch(partition, [createJob("a")]);
    const stored = await store.read("job", partition, tag("a"));
    const replace = (status: "Processing" | "Completed") =>
      store.batch(partition, [
        {
          op: "replace",
          kind: "job",
          id: tag("a"),
          ifMatch: stored?.etag ?? "",
          document: jobDocument({ status }),
        },
      ]);
    const outcomes = await Promise.all([
      replace("Processing"),
      replace("Completed"),
    ]);
    expect(outcomes).toContainEqual({ ok: true, etags: [expect.any(String)] });
    expect(outcomes).toContainEqual({
      ok: false,
      index: 0,
      reason: "changed",
    });
  });

  it("what a batch does to a document that it has written itself conflicts with that, not with what was before", async () => {
    const store = await openNow(open);
    const id = tag("a");
    const remove: Operation<typeof contractKinds> = {
      op: "delete",
      kind: "job",
      id,
    };
    const outcomes = [
      await store.batch(partition, [createJob("a"), createJob("a")]),
      await store.batch(partition, [createJob("a"), remove, remove]),
      await store.batch(partition, [
        createJob("a"),
        { ...remove, ifMatch: "x" },
      ]),
    ];
    expect(outcomes).toEqual([
      { ok: false, index: 1, reason: "exists" },
      { ok: false, index: 2, reason: "missing" },
      { ok: false, index: 1, reason: "changed" },
    ]);
    expect(await store.read("job", partition, id)).toBeUndefined();
  });

  it("a batch's etags fit what it wrote", async () => {
    const store = await openNow(open);
    const outcome = await store.batch(partition, [
      createJob("a"),
      createJob("b"),
      { op: "delete", kind: "job", id: tag("b") },
    ]);
    if (!outcome.ok) throw new Error("conflict");
    const [ifMatch = "", , ofDelete] = outcome.etags;
    expect(ofDelete).toBe("");
    expect(
      await store.batch(partition, [
        {
          op: "replace",
          kind: "job",
          id: tag("a"),
          ifMatch,
          document: jobDocument(),
        },
      ]),
    ).toMatchObject({ ok: true });
  });

  it("every write changes the etag, also one that changes nothing else", async () => {
    const store = await openNow(open);
    const upsert = () =>
      store.batch(partition, [
        { op: "upsert", kind: "job", id: tag("a"), document: jobDocument() },
      ]);
    const [first, second] = [await upsert(), await upsert()];
    if (!first.ok || !second.ok) throw new Error("conflict");
    expect(first.etags[0]).not.toBe(second.etags[0]);
  });

  it("replacing or deleting what is not there is missing; a stale delete is changed", async () => {
    const store = await openNow(open);
    const id = tag("a");
    const document = jobDocument();
    const outcomes = [
      await store.batch(partition, [
        { op: "replace", kind: "job", id, ifMatch: "x", document },
      ]),
      await store.batch(partition, [{ op: "delete", kind: "job", id }]),
      await store.batch(partition, [createJob("a")]),
      await store.batch(partition, [
        { op: "delete", kind: "job", id, ifMatch: "x" },
      ]),
      await store.batch(partition, [{ op: "delete", kind: "job", id }]),
    ];
    expect(
      outcomes.map((outcome) => (outcome.ok ? "ok" : outcome.reason)),
    ).toEqual(["missing", "missing", "ok", "changed", "ok"]);
    expect(await store.read("job", partition, id)).toBeUndefined();
  });

  it("answers a ping", async () => {
    const store = await openNow(open);
    await expect(store.ping()).resolves.toBeUndefined();
  });
}
