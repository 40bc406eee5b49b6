import { afterAll, describe, expect, it } from "vitest";
import { z } from "zod";
import { createCosmosDocumentStore } from "../../../shared/documents/adapters/cosmos.ts";
import { Count, defineMetadata } from "../../../shared/kernel/metadata.ts";
import { describeDocumentModel } from "../../contracts/document-model.ts";
import { describeDocumentStoreContract } from "../../contracts/document-store.ts";
import { openCosmosStore } from "../../azure/cosmos/open-cosmos-store.ts";
import { startIdentity } from "../../azure/identity.ts";
import {
  createJob,
  jobDocument,
  tag,
  type ContractStore,
} from "../../support/contract-documents.ts";
import { createManualClock } from "../../support/manual-clock.ts";

const identity = await startIdentity();
afterAll(() => identity.close());

const scattered = {
  splitTenants: ["t1", "t2"],
  maxPageItems: 1,
  isSparse: true,
};

describeDocumentStoreContract(
  "Cosmos DB",
  async ({ now }) => (await openCosmosStore(identity, { now })).store,
);

describeDocumentStoreContract(
  "Cosmos DB, tenants over two physical partitions, tiny and empty pages",
  async ({ now }) =>
    (await openCosmosStore(identity, { now, ...scattered })).store,
);

describeDocumentModel(
  "Cosmos DB",
  20,
  async ({ now }) => (await openCosmosStore(identity, { now })).store,
);

const partition = { tenantId: tag("t1"), scope: tag("job-1") };
const id = tag("a");
const expiring = (job: ReturnType<typeof createJob>) => ({
  ...job,
  ttlSeconds: 10,
});

describe("Cosmos DB document store", () => {
  it("of two stores that count in one document, each sees the other's writes through its etag", async () => {
    const { store, open } = await openCosmosStore(identity);
    await store.batch(partition, [createJob("a", { createdAt: 0 })]);
    const count = async (counter: ContractStore): Promise<void> => {
      const stored = await counter.read("job", partition, id);
      const document = jobDocument({
        createdAt: (stored?.document.createdAt ?? 0) + 1,
      });
      const outcome = await counter.batch(partition, [
        {
          op: "replace",
          kind: "job",
          id,
          ifMatch: stored?.etag ?? "",
          document,
        },
      ]);
      if (!outcome.ok) await count(counter);
    };
    const tenTimes = async (counter: ContractStore) => {
      for (let n = 0; n < 10; n += 1) await count(counter);
    };
    await Promise.all([tenTimes(store), tenTimes(open())]);
    const stored = await store.read("job", partition, id);
    expect(stored?.document.createdAt).toBe(20);
  });

  it("of two stores that take an expired document's place, one does", async () => {
    const clock = createManualClock();
    const { store, open } = await openCosmosStore(identity, {
      now: clock.now,
    });
    await store.batch(partition, [expiring(createJob("a"))]);
    clock.advance(10_000);
    const outcomes = await Promise.all(
      [store, open(), open()].map((each) =>
        each.batch(partition, [createJob("a")]),
      ),
    );
    expect(outcomes.filter((outcome) => outcome.ok)).toHaveLength(1);
    expect(outcomes).toContainEqual({ ok: false, index: 0, reason: "exists" });
  });

  it("a batch without a conflict is one request; any number of expired documents in its way cost one more attempt", async () => {
    const clock = createManualClock();
    const { store, cosmos } = await openCosmosStore(identity, {
      now: clock.now,
    });
    const jobs = Array.from({ length: 20 }, (_, n) => createJob(`j${n}`));
    await store.batch(partition, jobs.map(expiring));
    expect(cosmos.requests.map(({ kind }) => kind)).toEqual(["batch"]);
    clock.advance(10_000);
    expect(await store.batch(partition, jobs)).toMatchObject({ ok: true });
    const batches = cosmos.requests.filter(({ kind }) => kind === "batch");
    expect(batches.map(({ status }) => status)).toEqual([200, 207, 200]);
  });

  it("the service deletes an item a minute after its document has expired, and none that has no time to live", async () => {
    const clock = createManualClock();
    const { store, cosmos } = await openCosmosStore(identity, {
      now: clock.now,
    });
    await store.batch(partition, [expiring(createJob("a")), createJob("b")]);
    clock.advance(69_999);
    expect(cosmos.items()).toHaveLength(2);
    clock.advance(1);
    expect(cosmos.items()).toHaveLength(1);
    clock.advance(1e12);
    expect(await store.read("job", partition, tag("b"))).toBeDefined();
  });

  it("a batch of 100 documents near 2 MB is one request", async () => {
    const { store, cosmos } = await openCosmosStore(identity);
    const tags = Array.from({ length: 150 }, () => tag("x".repeat(128)));
    const jobs = Array.from({ length: 100 }, (_, n) =>
      createJob(`j${n}`, { tags }),
    );
    const outcome = await store.batch(partition, jobs);
    expect(outcome.ok && new Set(outcome.etags).size).toBe(100);
    expect(cosmos.items().join("").length).toBeGreaterThan(1.85 * 1024 ** 2);
    expect(cosmos.requests).toHaveLength(1);
  });

  it("items hold nothing but what their documents' schemas know, and their envelope", async () => {
    const { store, cosmos } = await openCosmosStore(identity);
    const document = { ...jobDocument(), note: "words of a user" };
    await store.batch(partition, [
      { op: "create", kind: "job", id, document, ttlSeconds: 10 },
    ]);
    const item = JSON.parse(cosmos.items()[0] ?? "") as object;
    const own = Object.entries(item).filter(([name]) => !name.startsWith("_"));
    expect(Object.fromEntries(own)).toEqual({
      id: "job:a",
      tenantId: "t1",
      scope: "job-1",
      kind: "job",
      schemaVersion: 1,
      expiresAt: expect.any(Number),
      ttl: 70,
      document: jobDocument(),
    });
  });

  it("ids with every character that a tag may have are told apart and read back", async () => {
    const { store } = await openCosmosStore(identity);
    const ids = ["a:b", "a@b", "a.b", "..", ".", "a-b", "a_b", "event:a"].map(
      tag,
    );
    for (const each of ids) {
      await store.batch(partition, [createJob(each)]);
    }
    for (const each of ids) {
      expect((await store.read("job", partition, each))?.id).toBe(each);
    }
  });

  it("reads name the session of the writes before them", async () => {
    const { store, cosmos } = await openCosmosStore(identity);
    await store.batch(partition, [createJob("a")]);
    await store.read("job", partition, id);
    expect(cosmos.requests.map(({ sessionToken }) => sessionToken)).toEqual([
      undefined,
      "0:-1#2",
    ]);
  });

  it.each([[[]], [["t1"]]])(
    "tells what its requests were charged, conflicts and merged partitions (%j) included",
    async (splitTenants) => {
      const { cosmos, open } = await openCosmosStore(identity, {
        splitTenants,
      });
      let charged = 0;
      const store = open({
        onCharge: (requestUnits) => {
          charged += requestUnits;
        },
      });
      await store.batch(partition, [createJob("a")]);
      await store.batch(partition, [createJob("a")]);
      await store.read("job", partition, id);
      await store.query({ kind: "job", tenantId: tag("t1"), limit: 10 });
      expect(charged).toBeGreaterThan(8);
      expect(charged).toBeCloseTo(cosmos.charged(), 6);
    },
  );

  it("older documents are read through their kind's upgrades, newer ones are refused", async () => {
    const { cosmos } = await openCosmosStore(identity);
    const { endpoint, databaseId, containerId } = cosmos;
    const account = {
      endpoint,
      databaseId,
      containerId,
      credential: identity.credential,
    };
    const Old = z.object({ size: z.number() });
    const first = createCosmosDocumentStore({
      ...account,
      kinds: { job: defineMetadata(z.object({ size: Count })) },
    });
    const second = createCosmosDocumentStore({
      ...account,
      kinds: { job: defineMetadata(z.object({ sizeBytes: Count })) },
      upgrades: {
        job: [(older: unknown) => ({ sizeBytes: Old.parse(older).size })],
      },
    });
    await first.batch(partition, [
      { op: "create", kind: "job", id, document: { size: 7 } },
    ]);
    const read = await second.read("job", partition, id);
    expect(read?.document).toEqual({ sizeBytes: 7 });
    await second.batch(partition, [
      { op: "upsert", kind: "job", id, document: { sizeBytes: 8 } },
    ]);
    await expect(first.read("job", partition, id)).rejects.toMatchObject({
      code: "document_invalid",
    });
    await Promise.all([first.close(), second.close()]);
  });
});
