import type { SqlParameter } from "@azure/cosmos";
import { fieldPath, orderingPaths } from "../cosmos-policy.ts";
import {
  comparisons,
  type PlainQuery,
  type Position,
  type Scalar,
} from "../document-query.ts";
import { toItemId } from "./cosmos-item.ts";

export interface CosmosQuery {
  /** The same text for every query of this shape. */
  readonly text: string;
  readonly parameters: SqlParameter[];
  /** Whether an index gives the order; else the results come in none. */
  readonly isOrdered: boolean;
  /** Whether it asks for a field that is not indexed, so that the service reads every document of the kind. */
  readonly isScan: boolean;
}

/** What backs the queries of one kind. */
export interface QueryIndexes {
  /** The kind's own lists of `DocumentIndexes`. */
  readonly lists: readonly (readonly string[])[];
  /** Fields with a range index. */
  readonly fields: ReadonlySet<string>;
}

type Parameter = (value: Scalar) => string;

/**
 * The query in Cosmos DB's SQL.
 *
 * C1. The text names its tenant, by which the service routes it; and when a tenant spans physical partitions, the SDK
 *     runs the text on each of them, where other tenants lie too: only the text keeps tenants apart.
 * C2. Every value is a parameter; paths are made of checked identifiers.
 * C3. Index use: equality on tenant and kind and a range on `expiresAt` always; filters on declared fields use their
 *     range index; the order comes from the composite index whose fields before the last are all filtered by equality.
 *     Without such an index there is no ORDER BY, which Cosmos DB would refuse, and the caller must put it in order.
 */
export function toCosmosQuery(
  query: PlainQuery,
  indexes: QueryIndexes,
  nowMs: number,
): CosmosQuery {
  const { scope, filters, orderField } = query;
  const parameters: SqlParameter[] = [];
  const parameter: Parameter = (value) => {
    const name = `@p${parameters.length}`;
    parameters.push({ name, value });
    return name;
  };
  const conditions = [
    `${property("/tenantId")} = ${parameter(query.tenantId)}`,
    `${property("/kind")} = ${parameter(query.kind)}`,
    `${property("/expiresAt")} > ${parameter(nowMs)}`,
    ...(scope === undefined
      ? []
      : [`${property("/scope")} = ${parameter(scope)}`]),
    ...filters.map(({ field, comparison, value }) => {
      const operator = comparison === "eq" ? "=" : comparisons[comparison];
      return `${property(fieldPath(field))} ${operator} ${parameter(value)}`;
    }),
    ...(orderField === undefined ? [] : [hasValue(orderField)]),
    ...(query.after === undefined
      ? []
      : [toKeyset(query, query.after, parameter)]),
  ];
  const backing = toBacking(query, indexes.lists);
  const asked = filters.map(({ field }) => field).concat(orderField ?? []);
  return {
    text: `SELECT * FROM c WHERE ${conditions.join(" AND ")}${backing === undefined ? "" : toOrderBy(query, backing)}`,
    parameters,
    isOrdered: backing !== undefined,
    isScan: asked.some((field) => !indexes.fields.has(field)),
  };
}

/** The list that gives the query's order: the longest one, for it narrows most. */
function toBacking(
  { filters, orderField }: PlainQuery,
  lists: readonly (readonly string[])[],
): readonly string[] | undefined {
  if (orderField === undefined) return [];
  const equal = new Set(
    filters.flatMap((filter) =>
      filter.comparison === "eq" ? [filter.field] : [],
    ),
  );
  return lists
    .filter(
      (list) =>
        list.at(-1) === orderField &&
        list.slice(0, -1).every((field) => equal.has(field)),
    )
    .toSorted((a, b) => b.length - a.length)[0];
}

function toOrderBy(
  { direction }: PlainQuery,
  backing: readonly string[],
): string {
  const keys = orderingPaths(backing).map(
    (path) => `${property(path)} ${direction.toUpperCase()}`,
  );
  return ` ORDER BY ${keys.join(", ")}`;
}

/** A document whose field is null has none. The SDK's merge of partitions cannot order by null either. */
function hasValue(field: string): string {
  const path = property(fieldPath(field));
  return `IS_DEFINED(${path}) AND NOT IS_NULL(${path})`;
}

/** Everything behind `after`. The lone comparison on the first key is redundant, and lets its index seek. */
function toKeyset(
  { kind, orderField, direction }: PlainQuery,
  after: Position,
  parameter: Parameter,
): string {
  const beyond = direction === "asc" ? ">" : "<";
  const keys: [path: string, value: Scalar][] = [
    ["/id", toItemId(kind, after.id)],
    ["/scope", after.scope],
  ];
  if (orderField !== undefined && after.value !== undefined) {
    keys.unshift([fieldPath(orderField), after.value]);
  }
  const named = keys.map(([path, value]) => ({
    path: property(path),
    value: parameter(value),
  }));
  const behind = named.reduceRight(
    (rest, { path, value }) =>
      `(${path} ${beyond} ${value}${rest === "" ? "" : ` OR (${path} = ${value} AND ${rest})`})`,
    "",
  );
  const [first] = named;
  return `${first?.path} ${beyond}= ${first?.value} AND ${behind}`;
}

/** `/document/createdAt` as `c["document"]["createdAt"]`: quoted, so that no name is a keyword. */
function property(path: string): string {
  const names = path.slice(1).split("/");
  return `c${names.map((name) => `["${name}"]`).join("")}`;
}
