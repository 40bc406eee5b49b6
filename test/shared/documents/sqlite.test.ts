import { DatabaseSync } from "node:sqlite";
import { join } from "node:path";
import { describe, expect, it, onTestFinished } from "vitest";
import { z } from "zod";
import { createSqliteDocumentStore } from "../../../shared/documents/adapters/sqlite.ts";
import { Count, defineMetadata, Tag } from "../../../shared/kernel/metadata.ts";
import { describeDocumentStoreContract } from "../../contracts/document-store.ts";
import {
  contractKinds,
  createJob,
  jobDocument,
  tag,
} from "../../support/contract-documents.ts";
import { createManualClock } from "../../support/manual-clock.ts";
import { createTempFolder } from "../../support/temp-folder.ts";

const indexes = { job: [["status", "createdAt"], ["createdAt"]] } as const;

describeDocumentStoreContract("SQLite", async ({ now }) => {
  const file = join(createTempFolder(), "documents.db");
  const store = createSqliteDocumentStore({ file, kinds: contractKinds, now });
  onTestFinished(() => store.close());
  return store;
});

describeDocumentStoreContract("SQLite with indexes", async ({ now }) => {
  const file = join(createTempFolder(), "documents.db");
  const store = createSqliteDocumentStore({
    file,
    kinds: contractKinds,
    now,
    indexes,
  });
  onTestFinished(() => store.close());
  return store;
});

describe("SQLite document store", () => {
  const partition = { tenantId: tag("t1"), scope: tag("job-1") };
  const openIn = (folder: string, now = createManualClock().now) =>
    createSqliteDocumentStore({
      file: join(folder, "documents.db"),
      kinds: contractKinds,
      now,
      indexes,
    });

  it("what was answered is in the file, and survives opening it again", async () => {
    const folder = createTempFolder();
    const store = openIn(folder);
    await store.batch(partition, [createJob("a")]);
    const other = openIn(folder);
    expect(await other.read("job", partition, tag("a"))).toBeDefined();
    await store.close();
    await other.close();
    const again = openIn(folder);
    expect(await again.read("job", partition, tag("a"))).toBeDefined();
    await again.close();
  });

  it("two processes' stores take turns on one file", async () => {
    const folder = createTempFolder();
    const stores = [openIn(folder), openIn(folder)];
    for (let round = 0; round < 10; round += 1) {
      for (const [index, store] of stores.entries()) {
        await store.batch(partition, [createJob(`j${round}-${index}`)]);
      }
    }
    const [first] = stores;
    const page = await first?.query({
      kind: "job",
      tenantId: partition.tenantId,
      limit: 100,
    });
    expect(page?.items).toHaveLength(20);
    await Promise.all(stores.map((store) => store.close()));
  });

  it("a store that cannot answer is an outage, not a conflict", async () => {
    const store = openIn(createTempFolder());
    const pending = store.batch(partition, [createJob("a")]);
    await store.close();
    expect(await pending).toMatchObject({ ok: true });
    const outage = { code: "store_unavailable" };
    await expect(store.ping()).rejects.toMatchObject(outage);
    await expect(
      store.batch(partition, [createJob("b")]),
    ).rejects.toMatchObject(outage);
    await expect(store.read("job", partition, tag("a"))).rejects.toMatchObject(
      outage,
    );
  });

  it("expired documents are deleted from the file by later batches", async () => {
    const folder = createTempFolder();
    const clock = createManualClock();
    const store = openIn(folder, clock.now);
    const ops = Array.from({ length: 100 }, (_, n) => ({
      op: "create" as const,
      kind: "event" as const,
      id: tag(`e${n}`),
      document: { sequence: n },
      ttlSeconds: 1,
    }));
    await store.batch(partition, ops);
    clock.advance(120_000);
    await store.batch(partition, [createJob("a")]);
    await store.close();
    const file = new DatabaseSync(join(folder, "documents.db"));
    const row = file.prepare("SELECT count(*) AS n FROM documents").get();
    expect(row?.["n"]).toBe(1);
    file.close();
  });

  it("declared indices are made, used by their queries, and dropped when no longer declared", async () => {
    const folder = createTempFolder();
    await openIn(folder).close();
    const file = new DatabaseSync(join(folder, "documents.db"));
    const names = () =>
      file
        .prepare(
          "SELECT name FROM sqlite_schema WHERE name LIKE 'documents_by_%' ORDER BY name",
        )
        .all()
        .map((row) => row["name"]);
    expect(names()).toEqual([
      "documents_by_job_createdAt",
      "documents_by_job_status_createdAt",
    ]);
    const store = createSqliteDocumentStore({
      file: join(folder, "documents.db"),
      kinds: contractKinds,
      indexes: { job: [["createdAt"]] },
    });
    expect(names()).toEqual(["documents_by_job_createdAt"]);
    await store.close();
    file.close();
  });

  it("older documents are read through their kind's upgrades, newer ones are refused", async () => {
    const file = join(createTempFolder(), "documents.db");
    const version1 = { job: defineMetadata(z.object({ size: Count })) };
    const version2 = { job: defineMetadata(z.object({ sizeBytes: Count })) };
    const Old = z.object({ size: z.number() });
    const upgrades = {
      job: [(older: unknown) => ({ sizeBytes: Old.parse(older).size })],
    };
    const id = tag("a");
    const first = createSqliteDocumentStore({ file, kinds: version1 });
    await first.batch(partition, [
      { op: "create", kind: "job", id, document: { size: 7 } },
    ]);
    const second = createSqliteDocumentStore({
      file,
      kinds: version2,
      upgrades,
    });
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

  it("types: a plain string, which may be content, is no document field", () => {
    const text: string = "words of a user";
    // @ts-expect-error only branded metadata fits
    const mistaken = () => jobDocument({ persona: text });
    const meant = jobDocument({ persona: Tag.parse("analyst") });
    expect(mistaken).toBeTypeOf("function");
    expect(meant.persona).toBe("analyst");
  });
});
