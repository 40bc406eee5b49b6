import { afterAll, describe, expect, it } from "vitest";
import type { DocumentQuery } from "../../../shared/documents/document-query.ts";
import { openCosmosStore } from "../../azure/cosmos/open-cosmos-store.ts";
import type { CosmosOptions } from "../../azure/cosmos/start-cosmos.ts";
import { startIdentity } from "../../azure/identity.ts";
import {
  createJob,
  tag,
  type ContractStore,
  type contractKinds,
} from "../../support/contract-documents.ts";

type JobQuery = DocumentQuery<typeof contractKinds, "job">;

const identity = await startIdentity();
afterAll(() => identity.close());

const tenantId = tag("t1");

/** 40 jobs of each of two tenants, over 20 scopes, three to a time; every other one is done. */
async function openFilled(options: Partial<CosmosOptions>) {
  const opened = await openCosmosStore(identity, options);
  for (const tenant of ["t1", "t2"]) {
    for (let scope = 0; scope < 20; scope += 1) {
      const jobs = [scope, scope + 20].map((n) =>
        createJob(`${tenant}-${String(n).padStart(2, "0")}`, {
          createdAt: Math.floor(n / 3),
          status: n % 2 === 0 ? "Queued" : "Completed",
        }),
      );
      await opened.store.batch(
        { tenantId: tag(tenant), scope: tag(`s${scope}`) },
        jobs,
      );
    }
  }
  return opened;
}

const numbers = Array.from({ length: 40 }, (_, n) => n);
const idsOf = (ns: readonly number[]) =>
  ns.map((n) => `t1-${String(n).padStart(2, "0")}`);

async function pagesOf(
  store: ContractStore,
  query: JobQuery,
): Promise<string[][]> {
  const pages: string[][] = [];
  let continuation: string | undefined;
  do {
    const page = await store.query({
      ...query,
      ...(continuation !== undefined && { continuation }),
    });
    pages.push(page.items.map((item) => item.id));
    continuation = page.continuation;
  } while (continuation !== undefined);
  return pages;
}

describe.each([
  { layout: "in one physical partition", splitTenants: [] },
  { layout: "over two physical partitions each", splitTenants: ["t1", "t2"] },
])("queries of tenants $layout", ({ splitTenants }) => {
  const options = { splitTenants, maxPageItems: 3, isSparse: true };

  it.each([
    { name: "by id", query: {}, expected: idsOf(numbers) },
    {
      name: "oldest first",
      query: { orderBy: { field: "createdAt", direction: "asc" } },
      expected: idsOf(numbers),
    },
    {
      name: "newest first of a status",
      query: {
        where: { status: "Queued" },
        orderBy: { field: "createdAt", direction: "desc" },
      },
      expected: idsOf(numbers.filter((n) => n % 2 === 0).toReversed()),
    },
    {
      name: "by a field that no index backs",
      query: { orderBy: { field: "status", direction: "asc" } },
      expected: idsOf([
        ...numbers.filter((n) => n % 2 === 1),
        ...numbers.filter((n) => n % 2 === 0),
      ]),
    },
  ] as const)(
    "$name: full pages in order, whatever pages the service sends",
    async ({ query, expected }) => {
      const { store } = await openFilled(options);
      const pages = await pagesOf(store, {
        kind: "job",
        tenantId,
        limit: 7,
        ...query,
      });
      expect(pages.flat()).toEqual(expected);
      expect(pages.slice(0, -1).every((page) => page.length === 7)).toBe(true);
    },
  );

  it("a page that an index backs reads about a page, not everything", async () => {
    const { store, cosmos } = await openFilled({ splitTenants });
    const before = cosmos.requests.length;
    await store.query({
      kind: "job",
      tenantId,
      orderBy: { field: "createdAt", direction: "desc" },
      limit: 5,
    });
    const queries = cosmos.requests
      .slice(before)
      .filter(({ kind, status }) => kind === "query" && status === 200);
    expect(queries).toHaveLength(Math.max(1, splitTenants.length));
  });
});

it("a tenant's query over physical partitions that it shares is planned by the service and merged by the SDK", async () => {
  const { store, cosmos } = await openFilled({ splitTenants: ["t1", "t2"] });
  const before = cosmos.requests.length;
  await store.query({ kind: "job", tenantId, limit: 5 });
  const seen = cosmos.requests
    .slice(before)
    .map(({ kind, status }) => `${kind} ${status}`);
  expect(seen.toSorted()).toEqual([
    "metadata 200",
    "plan 200",
    "query 200",
    "query 200",
    "query 400",
  ]);
});

it("a query within one scope never leaves its partition", async () => {
  const { store, cosmos } = await openFilled({ splitTenants: ["t1", "t2"] });
  const before = cosmos.requests.length;
  const page = await store.query({
    kind: "job",
    tenantId,
    scope: tag("s3"),
    orderBy: { field: "createdAt", direction: "asc" },
    limit: 5,
  });
  expect(page.items.map((item) => item.id)).toEqual(["t1-03", "t1-23"]);
  const queries = cosmos.requests
    .slice(before)
    .filter(({ kind }) => kind === "query");
  expect(queries.map(({ status }) => status)).toEqual([200]);
});
