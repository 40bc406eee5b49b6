import type { CosmosPolicy } from "../../../shared/documents/cosmos-policy.ts";
import { CosmosRefusal } from "./refusal.ts";
import type { Expression, Query } from "./sql-parser.ts";
import type { Parameters } from "./sql-evaluate.ts";

/**
 * The values that the condition fixes for the container's key paths, from the first on. Stricter than the service, which
 * would run the query on every partition: without a value for the first, there is no answer.
 *
 * @throws CosmosRefusal 400
 */
export function fixedKey(
  query: Query,
  parameters: Parameters,
  keyPaths: readonly string[],
): string[] {
  const equalities = new Map(
    conjunctsOf(query.where).flatMap((each): [string, unknown][] =>
      each.type === "compare" &&
      each.operator === "=" &&
      each.left.type === "path" &&
      each.right.type === "parameter"
        ? [[pathOf(each.left.names), parameters.get(each.right.name)]]
        : [],
    ),
  );
  const values: string[] = [];
  for (const path of keyPaths) {
    const value = equalities.get(path);
    if (typeof value !== "string") break;
    values.push(value);
  }
  if (values.length === 0) {
    throw new CosmosRefusal(
      400,
      "This endpoint refuses cross-partition queries: the condition names no tenant.",
    );
  }
  return values;
}

/** Stricter than the service: a value that stands in the text may have been put there by a caller. */
export function refuseLiterals(query: Query): void {
  for (const each of partsOf(query.where)) {
    const isLiteral =
      each.type === "compare" &&
      [each.left, each.right].some(({ type }) => type === "literal");
    if (isLiteral) {
      throw new CosmosRefusal(
        400,
        "This endpoint refuses literals in conditions: use a parameter.",
      );
    }
  }
}

/** What the service refuses for want of an index. `isScanAllowed`: the header that permits filters without one. */
export function requireIndexes(
  query: Query,
  { indexingPolicy }: CosmosPolicy,
  isScanAllowed: boolean,
): void {
  const included = new Set(
    indexingPolicy.includedPaths.map(({ path }) => path.replace(/\/\?$/, "")),
  );
  const isIndexed = (path: string) => path === "/id" || included.has(path);
  const filtered = partsOf(query.where).flatMap((each) =>
    each.type === "path" ? [pathOf(each.names)] : [],
  );
  if (!isScanAllowed && !filtered.every(isIndexed)) {
    throw new CosmosRefusal(
      400,
      "An invalid query has been specified with filters against path(s) excluded from indexing. Consider adding allow scan header in the request.",
    );
  }
  const ordered = query.orderBy.map(({ expression, isDescending }) => ({
    path: expression.type === "path" ? pathOf(expression.names) : "",
    isDescending,
  }));
  const [only] = ordered;
  const isServed =
    ordered.length <= 1
      ? only === undefined || isIndexed(only.path)
      : indexingPolicy.compositeIndexes.some(
          (composite) =>
            composite.length === ordered.length &&
            [true, false].some((isReversed) =>
              composite.every(
                ({ path, order }, index) =>
                  ordered[index]?.path === path &&
                  ordered[index]?.isDescending ===
                    ((order === "descending") !== isReversed),
              ),
            ),
        );
  if (!isServed) {
    throw new CosmosRefusal(
      400,
      "The order by query does not have a corresponding composite index that it can be served from.",
    );
  }
}

/** What the service's gateway tells the SDK, so that it can run the query on each physical partition and merge. */
export function toQueryPlan(
  query: Query,
  range: { readonly min: string; readonly max: string },
): object {
  const items = query.orderBy.map(({ text }) => `{"item": ${text}}`).join(", ");
  const filter = "{documentdb-formattableorderbyquery-filter}";
  return {
    partitionedQueryExecutionInfoVersion: 2,
    queryInfo: {
      distinctType: "None",
      top: null,
      offset: null,
      limit: null,
      orderBy: query.orderBy.map(({ isDescending }) =>
        isDescending ? "Descending" : "Ascending",
      ),
      orderByExpressions: query.orderBy.map(({ text }) => text),
      groupByExpressions: [],
      groupByAliases: [],
      aggregates: [],
      groupByAliasToAggregateType: {},
      rewrittenQuery:
        query.orderBy.length === 0
          ? ""
          : `SELECT c._rid, [${items}] AS orderByItems, c AS payload\nFROM c\nWHERE ((${query.whereText}) AND ${filter})\nORDER BY ${query.orderText}`,
      hasSelectValue: false,
      hasNonStreamingOrderBy: false,
    },
    queryRanges: [
      {
        ...range,
        isMinInclusive: true,
        isMaxInclusive: range.min === range.max,
      },
    ],
  };
}

function pathOf(names: readonly string[]): string {
  return `/${names.join("/")}`;
}

function conjunctsOf(where: Expression | undefined): readonly Expression[] {
  if (where?.type !== "and") return where === undefined ? [] : [where];
  return [...conjunctsOf(where.left), ...conjunctsOf(where.right)];
}

/** The expression and everything within it. */
function partsOf(expression: Expression | undefined): readonly Expression[] {
  if (expression === undefined) return [];
  switch (expression.type) {
    case "compare":
    case "and":
    case "or":
      return [
        expression,
        ...partsOf(expression.left),
        ...partsOf(expression.right),
      ];
    case "not":
      return [expression, ...partsOf(expression.operand)];
    case "call":
      return [expression, ...partsOf(expression.argument)];
    case "array":
      return [expression, ...expression.items.flatMap(partsOf)];
    case "object":
      return [
        expression,
        ...expression.entries.flatMap(([, value]) => partsOf(value)),
      ];
    case "path":
    case "parameter":
    case "literal":
      return [expression];
    default:
      return expression satisfies never;
  }
}
