import type { SQLInputValue } from "node:sqlite";
import {
  comparisons,
  type Filter,
  type PlainQuery,
  type Position,
  type Scalar,
} from "../document-query.ts";
import { fieldExpression } from "./sqlite-schema.ts";

export interface SqlQuery {
  readonly sql: string;
  readonly parameters: readonly SQLInputValue[];
}

/**
 * The query as SQL, asking for one row more than a page holds. Kind and fields are checked identifiers and stand in the
 * text, because SQLite uses a partial index on expressions only when they do; every value is a parameter.
 */
export function toSqlQuery(query: PlainQuery, nowMs: number): SqlQuery {
  const { tenantId, scope, orderField, direction, after } = query;
  const order =
    orderField === undefined ? undefined : fieldExpression(orderField);
  const conditions: SqlQuery[] = [
    { sql: `tenant_id = ? AND kind = '${query.kind}'`, parameters: [tenantId] },
    {
      sql: "(expires_at IS NULL OR expires_at > ?)",
      parameters: [nowMs],
    },
    ...(scope === undefined ? [] : [{ sql: "scope = ?", parameters: [scope] }]),
    ...query.filters.map(toCondition),
    ...(order === undefined
      ? []
      : [{ sql: `${order} IS NOT NULL`, parameters: [] }]),
    ...(after === undefined ? [] : [toKeyset(order, direction, after)]),
  ];
  const keys = [...(order === undefined ? [] : [order]), "id", "scope"];
  const ordering = keys.map((key) => `${key} ${direction}`).join(", ");
  const value = order ?? "NULL";
  return {
    sql: `SELECT id, scope, etag, schema_version, body, ${value} AS order_value FROM documents WHERE ${conditions
      .map((condition) => condition.sql)
      .join(" AND ")} ORDER BY ${ordering} LIMIT ?`,
    parameters: [
      ...conditions.flatMap((condition) => condition.parameters),
      query.limit + 1,
    ],
  };
}

function toCondition({ field, comparison, value }: Filter): SqlQuery {
  const operator = comparison === "eq" ? "=" : comparisons[comparison];
  return {
    sql: `${fieldExpression(field)} ${operator} ?`,
    parameters: [toSqlValue(value)],
  };
}

/** Everything behind `after`. The lone comparison on the ordering field is redundant, and lets the index seek. */
function toKeyset(
  order: string | undefined,
  direction: "asc" | "desc",
  after: Position,
): SqlQuery {
  const beyond = direction === "asc" ? ">" : "<";
  if (order === undefined || after.value === undefined) {
    return {
      sql: `(id, scope) ${beyond} (?, ?)`,
      parameters: [after.id, after.scope],
    };
  }
  const value = toSqlValue(after.value);
  return {
    sql: `${order} ${beyond}= ? AND (${order}, id, scope) ${beyond} (?, ?, ?)`,
    parameters: [value, value, after.id, after.scope],
  };
}

/** JSON's true and false come out of `json_extract` as 1 and 0. */
function toSqlValue(value: Scalar): SQLInputValue {
  return typeof value === "boolean" ? Number(value) : value;
}
