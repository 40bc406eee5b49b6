import type { PlainQuery, Scalar } from "../document-query.ts";
import type { Item } from "./cosmos-item.ts";

/** A query's order, as Cosmos DB has it: booleans before numbers before strings, then by id and scope. */
export interface ItemOrder {
  compare(a: Item, b: Item): number;
  /** The value of the ordering field; absent when ordered by id. */
  valueOf(item: Item): Scalar | undefined;
}

const typeRanks: readonly string[] = ["boolean", "number", "string"];

export function toOrder({ orderField, direction }: PlainQuery): ItemOrder {
  const sign = direction === "asc" ? 1 : -1;
  const valueOf = (item: Item): Scalar | undefined =>
    orderField === undefined
      ? undefined
      : toScalar((item.document as Record<string, unknown>)[orderField]);
  return {
    valueOf,
    compare: (a, b) =>
      sign *
      (compareScalars(valueOf(a), valueOf(b)) ||
        compareScalars(a.id, b.id) ||
        compareScalars(a.scope, b.scope)),
  };
}

function toScalar(value: unknown): Scalar | undefined {
  return typeof value === "string" ||
    typeof value === "number" ||
    typeof value === "boolean"
    ? value
    : undefined;
}

function compareScalars(a: Scalar | undefined, b: Scalar | undefined): number {
  if (a === b || a === undefined || b === undefined) return 0;
  const byType = typeRanks.indexOf(typeof a) - typeRanks.indexOf(typeof b);
  if (byType !== 0) return byType;
  return a < b ? -1 : 1;
}
