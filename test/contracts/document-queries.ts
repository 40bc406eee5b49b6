import { expect, it } from "vitest";
import type { DocumentQuery } from "../../shared/documents/document-query.ts";
import { createManualClock } from "../support/manual-clock.ts";
import {
  createJob,
  tag,
  type ContractStore,
  type contractKinds,
  type OpenContractStore,
} from "../support/contract-documents.ts";

type JobQuery = DocumentQuery<typeof contractKinds, "job">;

const tenantId = tag("t1");

/** Two tenants with the same five jobs, one scope each; two jobs share a time. */
async function openFilled(open: OpenContractStore): Promise<ContractStore> {
  const store = await open({ now: createManualClock().now });
  const jobs = [
    createJob("e", { createdAt: 5, status: "Completed" }),
    createJob("b", { createdAt: 2, persona: tag("analyst") }),
    createJob("d", { createdAt: 3, urgent: false }),
    createJob("a", { createdAt: 10, status: "Processing" }),
    createJob("c", { createdAt: 3, urgent: true }),
  ];
  for (const tenant of ["t1", "t2"]) {
    for (const job of jobs) {
      await store.batch({ tenantId: tag(tenant), scope: job.id }, [job]);
    }
  }
  return store;
}

async function idsOf(
  store: ContractStore,
  query: Omit<JobQuery, "kind" | "tenantId" | "limit">,
): Promise<string> {
  const page = await store.query({
    kind: "job",
    tenantId,
    limit: 100,
    ...query,
  });
  return page.items.map((item) => item.id).join("");
}

/** What every document store answers to queries. */
export function describeDocumentQueries(open: OpenContractStore): void {
  it("a query stays within its tenant, orders by id, and may be limited to a scope", async () => {
    const store = await openFilled(open);
    expect(await idsOf(store, {})).toBe("abcde");
    expect(await idsOf(store, { scope: tag("c") })).toBe("c");
    expect(await idsOf(store, { scope: tag("nobody") })).toBe("");
  });

  it("filters by equality and range, numbers by value, all together", async () => {
    const store = await openFilled(open);
    expect(await idsOf(store, { where: { status: "Queued" } })).toBe("bcd");
    expect(await idsOf(store, { where: { urgent: true } })).toBe("c");
    expect(await idsOf(store, { where: { urgent: false } })).toBe("d");
    expect(await idsOf(store, { where: { createdAt: { gt: 3 } } })).toBe("ae");
    expect(
      await idsOf(store, {
        where: { status: "Queued", createdAt: { gte: 2, lt: 3 } },
      }),
    ).toBe("b");
    expect(await idsOf(store, { where: { createdAt: { lte: 3 } } })).toBe(
      "bcd",
    );
  });

  it("orders by a field both ways, ties by id, and leaves out documents without the field", async () => {
    const store = await openFilled(open);
    expect(
      await idsOf(store, {
        orderBy: { field: "createdAt", direction: "asc" },
      }),
    ).toBe("bcdea");
    expect(
      await idsOf(store, {
        orderBy: { field: "createdAt", direction: "desc" },
      }),
    ).toBe("aedcb");
    expect(
      await idsOf(store, { orderBy: { field: "persona", direction: "asc" } }),
    ).toBe("b");
  });

  it.each([
    { direction: "asc", pages: ["bc", "de", "a"] },
    { direction: "desc", pages: ["ae", "dc", "b"] },
  ] as const)(
    "pages $direction follow each other without gap or repetition, also over ties",
    async ({ direction, pages }) => {
      const store = await openFilled(open);
      const found: string[] = [];
      let continuation: string | undefined;
      do {
        const page = await store.query({
          kind: "job",
          tenantId,
          orderBy: { field: "createdAt", direction },
          limit: 2,
          ...(continuation === undefined ? {} : { continuation }),
        });
        found.push(page.items.map((item) => item.id).join(""));
        continuation = page.continuation;
      } while (continuation !== undefined);
      expect(found).toEqual(pages);
    },
  );

  it.each([
    { direction: "asc", pages: ["d", "c"] },
    { direction: "desc", pages: ["c", "d"] },
  ] as const)(
    "pages $direction by a boolean that no index backs, false before true",
    async ({ direction, pages }) => {
      const store = await openFilled(open);
      const query: JobQuery = {
        kind: "job",
        tenantId,
        orderBy: { field: "urgent", direction },
        limit: 1,
      };
      const first = await store.query(query);
      const second = await store.query({
        ...query,
        continuation: first.continuation ?? "",
      });
      const ids = [first, second].map((page) =>
        page.items.map((item) => item.id).join(""),
      );
      expect(ids).toEqual(pages);
      expect(second.continuation).toBeUndefined();
    },
  );

  it("the same id in several scopes is paged by scope", async () => {
    const store = await open({ now: createManualClock().now });
    for (const scope of ["s1", "s2", "s3"]) {
      await store.batch({ tenantId, scope: tag(scope) }, [createJob("same")]);
    }
    const query: JobQuery = { kind: "job", tenantId, limit: 2 };
    const first = await store.query(query);
    const second = await store.query({
      ...query,
      continuation: first.continuation ?? "",
    });
    const scopes = [...first.items, ...second.items].map((item) => item.scope);
    expect(scopes).toEqual(["s1", "s2", "s3"]);
    expect(second.continuation).toBeUndefined();
  });

  it("a continuation that is garbage or another query's is refused", async () => {
    const store = await openFilled(open);
    const query: JobQuery = { kind: "job", tenantId, limit: 1 };
    const { continuation = "" } = await store.query(query);
    const others: JobQuery[] = [
      { ...query, continuation: "garbage" },
      { ...query, continuation, tenantId: tag("t2") },
      { ...query, continuation, where: { status: "Queued" } },
    ];
    for (const other of others) {
      await expect(store.query(other)).rejects.toMatchObject({
        code: "request_invalid",
      });
    }
  });

  it("a query that could widen or leave its bounds is refused", async () => {
    const store = await openFilled(open);
    const query: JobQuery = { kind: "job", tenantId, limit: 1 };
    const refused = [
      { ...query, limit: 0 },
      { ...query, limit: 1001 },
      { ...query, tenantId: "" },
      { ...query, where: { status: undefined } },
      { ...query, where: { createdAt: {} } },
      { ...query, where: { "x') OR 1=1 --": "y" } },
      { ...query, kind: "toString" },
    ];
    for (const each of refused) {
      await expect(store.query(each as JobQuery)).rejects.toMatchObject({
        code: "document_invalid",
      });
    }
  });
}
