import { DatabaseSync } from "node:sqlite";
import { describe, expect, it, onTestFinished } from "vitest";
import {
  alignIndexes,
  documentsMigrations,
} from "../../../shared/documents/adapters/sqlite-schema.ts";
import { toSqlQuery } from "../../../shared/documents/adapters/sqlite-query.ts";
import {
  toContinuation,
  toPlainQuery,
} from "../../../shared/documents/document-query.ts";
import { contractKinds, tag } from "../../support/contract-documents.ts";

function toPlain(query: object) {
  const whole = { kind: "job", tenantId: "t1", limit: 50, ...query };
  return toPlainQuery(contractKinds, whole);
}

function openPlanner() {
  const database = new DatabaseSync(":memory:");
  onTestFinished(() => database.close());
  for (const migration of documentsMigrations) database.exec(migration);
  alignIndexes(database, { job: [["status", "createdAt"], ["createdAt"]] });
  return (query: object): string => {
    const { sql, parameters } = toSqlQuery(toPlain(query), 0);
    return database
      .prepare(`EXPLAIN QUERY PLAN ${sql}`)
      .all(...parameters)
      .map((row) => String(row["detail"]))
      .join("; ");
  };
}

const orderBy = { field: "createdAt", direction: "desc" };

describe("query plans: a declared index finds the rows and gives their order, so a page costs a page", () => {
  it.each([
    {
      name: "newest of a status",
      query: { where: { status: "Queued" }, orderBy },
      plan: "SEARCH documents USING INDEX documents_by_job_status_createdAt (tenant_id=? AND <expr>=?)",
    },
    {
      name: "a status within a range of time",
      query: { where: { status: "Queued", createdAt: { lt: 9 } }, orderBy },
      plan: "SEARCH documents USING INDEX documents_by_job_status_createdAt (tenant_id=? AND <expr>=? AND <expr><?)",
    },
    {
      name: "newest of all",
      query: { orderBy },
      plan: "SEARCH documents USING INDEX documents_by_job_createdAt (tenant_id=?)",
    },
    {
      name: "one partition",
      query: { scope: "job-1" },
      plan: "SEARCH documents USING INDEX sqlite_autoindex_documents_1 (tenant_id=? AND kind=? AND scope=?)",
    },
  ])("$name", ({ query, plan }) => {
    expect(openPlanner()(query)).toBe(plan);
  });

  it("a later page seeks to where the page before ended", () => {
    const query = { where: { status: "Queued" }, orderBy };
    const continuation = toContinuation(toPlain(query), {
      value: 5,
      id: tag("a"),
      scope: tag("s"),
    });
    expect(openPlanner()({ ...query, continuation })).toBe(
      "SEARCH documents USING INDEX documents_by_job_status_createdAt (tenant_id=? AND <expr>=? AND <expr><?)",
    );
  });
});
