import { expect, it } from "vitest";
import type { Tag } from "../../shared/kernel/metadata.ts";
import {
  createJob,
  jobDocument,
  tag,
  type OpenContractStore,
} from "../support/contract-documents.ts";
import { createManualClock } from "../support/manual-clock.ts";

const partition = { tenantId: tag("t1"), scope: tag("job-1") };

/** What every document store refuses. */
export function describeDocumentLimits(open: OpenContractStore): void {
  const invalid = { code: "document_invalid" };

  it("a document that its schema refuses is not stored, and the error does not quote it", async () => {
    const store = await open({ now: createManualClock().now });
    const operation = createJob("a", {
      persona: "a secret sentence" as Tag,
    });
    const failure = await store
      .batch(partition, [createJob("b"), operation])
      .catch((error: unknown) => error);
    expect(failure).toMatchObject(invalid);
    expect(JSON.stringify(failure) + String(failure)).not.toContain("secret");
    expect(await store.read("job", partition, tag("b"))).toBeUndefined();
  });

  it("fields that the schema does not know are not stored", async () => {
    const store = await open({ now: createManualClock().now });
    const document = { ...jobDocument(), note: "a secret sentence" };
    await store.batch(partition, [
      { op: "create", kind: "job", id: tag("a"), document },
    ]);
    const stored = await store.read("job", partition, tag("a"));
    expect(stored?.document).toEqual(jobDocument());
  });

  it("a batch holds 1 to 100 operations", async () => {
    const store = await open({ now: createManualClock().now });
    const jobs = Array.from({ length: 101 }, (_, n) => createJob(`j${n}`));
    await expect(store.batch(partition, [])).rejects.toMatchObject(invalid);
    await expect(store.batch(partition, jobs)).rejects.toMatchObject(invalid);
    expect(await store.batch(partition, jobs.slice(1))).toMatchObject({
      ok: true,
    });
  });

  it("an item and a batch hold less than 2 MB", async () => {
    const store = await open({ now: createManualClock().now });
    const tags = (count: number) =>
      Array.from({ length: count }, () => tag("x".repeat(128)));
    const half = tags(8000);
    await expect(
      store.batch(partition, [createJob("a", { tags: tags(17_000) })]),
    ).rejects.toMatchObject(invalid);
    await expect(
      store.batch(partition, [
        createJob("a", { tags: half }),
        createJob("b", { tags: half }),
      ]),
    ).rejects.toMatchObject(invalid);
    expect(
      await store.batch(partition, [createJob("a", { tags: half })]),
    ).toMatchObject({ ok: true });
  });

  it.each(["", "a/b", "a b", "x".repeat(129), "a#", "a?"])(
    "an id or partition like %j is refused",
    async (id) => {
      const store = await open({ now: createManualClock().now });
      const operation = { ...createJob("a"), id: id as Tag };
      await expect(store.batch(partition, [operation])).rejects.toMatchObject(
        invalid,
      );
      await expect(
        store.batch({ ...partition, scope: id as Tag }, [createJob("a")]),
      ).rejects.toMatchObject(invalid);
    },
  );

  it.each(["../job-2/a", "a/../b", "a?b", "a#b", ""])(
    "an id like %j leads to no document",
    async (id) => {
      const store = await open({ now: createManualClock().now });
      await store.batch(partition, [createJob("a"), createJob("b")]);
      expect(await store.read("job", partition, id as Tag)).toBeUndefined();
    },
  );
}
