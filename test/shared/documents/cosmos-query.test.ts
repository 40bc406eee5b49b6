import { describe, expect, it } from "vitest";
import { toCosmosQuery } from "../../../shared/documents/adapters/cosmos-query.ts";
import {
  indexedFields,
  toCosmosPolicy,
} from "../../../shared/documents/cosmos-policy.ts";
import {
  toContinuation,
  toPlainQuery,
} from "../../../shared/documents/document-query.ts";
import type { DocumentKinds } from "../../../shared/documents/document-store.ts";
import { indexes, kinds } from "../../../shared/documents/kinds.ts";
import { requireIndexes } from "../../azure/cosmos/query-rules.ts";
import { parseQuery } from "../../azure/cosmos/sql-parser.ts";
import { contractKinds, tag } from "../../support/contract-documents.ts";

const lists = [["status", "createdAt"], ["createdAt"]];
const fields = indexedFields({ job: lists });

function toPlain(registry: DocumentKinds, query: { readonly kind: string }) {
  const whole = { tenantId: "t1", limit: 50, ...query };
  return toPlainQuery(registry, whole);
}

function translate(query: object) {
  const plain = toPlain(contractKinds, { kind: "job", ...query });
  return toCosmosQuery(plain, { lists, fields }, 9);
}

const tenantAndKind =
  'SELECT * FROM c WHERE c["tenantId"] = @p0 AND c["kind"] = @p1 AND c["expiresAt"] > @p2';

describe("the text of a query", () => {
  it("names tenant and kind first, and holds parameters where values belong", () => {
    expect(
      translate({
        scope: "s1",
        where: { status: "Queued", createdAt: { gte: 5 } },
      }),
    ).toEqual({
      text: `${tenantAndKind} AND c["scope"] = @p3 AND c["document"]["status"] = @p4 AND c["document"]["createdAt"] >= @p5 ORDER BY c["tenantId"] ASC, c["kind"] ASC, c["id"] ASC, c["scope"] ASC`,
      parameters: ["t1", "job", 9, "s1", "Queued", 5].map((value, index) => ({
        name: `@p${index}`,
        value,
      })),
      isOrdered: true,
      isScan: false,
    });
  });

  it("is ordered by the paths of the composite index that narrows most", () => {
    const orderBy = { field: "createdAt", direction: "desc" };
    const ends = (text: string) => text.split(" ORDER BY ")[1];
    expect(ends(translate({ orderBy }).text)).toBe(
      'c["tenantId"] DESC, c["kind"] DESC, c["document"]["createdAt"] DESC, c["id"] DESC, c["scope"] DESC',
    );
    expect(ends(translate({ where: { status: "Queued" }, orderBy }).text)).toBe(
      'c["tenantId"] DESC, c["kind"] DESC, c["document"]["status"] DESC, c["document"]["createdAt"] DESC, c["id"] DESC, c["scope"] DESC',
    );
  });

  it("has no order, and says so, where no index backs it", () => {
    const orderBy = { field: "urgent", direction: "asc" };
    const query = translate({ orderBy });
    expect(query).toMatchObject({ isOrdered: false, isScan: true });
    expect(query.text).not.toContain("ORDER BY");
  });

  it("goes on behind the last document of the page before", () => {
    const query = { orderBy: { field: "createdAt", direction: "asc" } };
    const plain = toPlain(contractKinds, { kind: "job", ...query });
    const continuation = toContinuation(plain, {
      value: 5,
      id: tag("a"),
      scope: tag("s1"),
    });
    const field = 'c["document"]["createdAt"]';
    expect(translate({ ...query, continuation }).text).toContain(
      `${field} >= @p3 AND (${field} > @p3 OR (${field} = @p3 AND (c["id"] > @p4 OR (c["id"] = @p4 AND (c["scope"] > @p5)))))`,
    );
  });
});

/** Every query that this app makes; `isScan`: the fields that no index has are few documents' of one scope. */
const appQueries = [
  { kind: "step", scope: "j1", limit: 1000 },
  { kind: "artifact", scope: "j1", limit: 1000 },
  { kind: "outbox", scope: "j1", limit: 100 },
  {
    kind: "active",
    where: { dueAt: { lte: "2026-11-22T00:00:00.000Z" } },
    orderBy: { field: "dueAt", direction: "asc" },
    limit: 100,
  },
  {
    kind: "delivery",
    scope: "webhook-1",
    orderBy: { field: "createdAt", direction: "desc" },
    limit: 50,
  },
  { kind: "webhook", scope: "webhooks", where: { appId: "a" }, limit: 11 },
] as const;

it.each(appQueries)(
  "the app's query of $kind is served from the container's indexes, or stays in one scope",
  (query) => {
    const plain = toPlain(kinds, query);
    const { text, isOrdered, isScan } = toCosmosQuery(
      plain,
      {
        lists: indexes[query.kind] ?? [],
        fields: indexedFields(indexes),
      },
      0,
    );
    expect(isOrdered).toBe(true);
    expect(isScan && !("scope" in query)).toBe(false);
    const parsed = parseQuery(text);
    expect(() =>
      requireIndexes(parsed, toCosmosPolicy(indexes), isScan),
    ).not.toThrow();
  },
);
