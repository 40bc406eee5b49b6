import { CosmosRefusal } from "./refusal.ts";
import type { Comparison, Expression, OrderItem } from "./sql-parser.ts";

/** A JSON value, or `undefined` where SQL says undefined. */
export type Value = unknown;
export type Parameters = ReadonlyMap<string, Value>;

/** The expression's value for one item. Undefined is no error: it makes conditions undefined, which is not true. */
export function evaluate(
  expression: Expression,
  item: Value,
  parameters: Parameters,
): Value {
  const of = (each: Expression) => evaluate(each, item, parameters);
  switch (expression.type) {
    case "path":
      return valueAt(item, expression.names);
    case "parameter":
      if (!parameters.has(expression.name)) {
        throw new CosmosRefusal(400, `Undefined ${expression.name}.`);
      }
      return parameters.get(expression.name);
    case "literal":
      return expression.value;
    case "compare":
      return compare(
        expression.operator,
        of(expression.left),
        of(expression.right),
      );
    case "and":
      return both(of(expression.left), of(expression.right));
    case "or":
      return either(of(expression.left), of(expression.right));
    case "not":
      return negated(of(expression.operand));
    case "call":
      return expression.name === "IS_DEFINED"
        ? of(expression.argument) !== undefined
        : of(expression.argument) === null;
    case "array":
      return expression.items.map(of);
    case "object":
      return Object.fromEntries(
        expression.entries.map(([name, each]) => [name, of(each)]),
      );
    default:
      return expression satisfies never;
  }
}

export function valueAt(item: Value, names: readonly string[]): Value {
  let value = item;
  for (const name of names) {
    const isObject = typeof value === "object" && value !== null;
    if (!isObject || !Object.hasOwn(value as object, name)) return undefined;
    value = (value as Readonly<Record<string, unknown>>)[name];
  }
  return value;
}

/** Undefined unless both are scalars of one type. */
function compare(operator: Comparison, a: Value, b: Value): Value {
  if (typeof a !== typeof b || !isComparable(a) || !isComparable(b)) {
    return undefined;
  }
  switch (operator) {
    case "=":
      return a === b;
    case "<":
      return a < b;
    case "<=":
      return a <= b;
    case ">":
      return a > b;
    case ">=":
      return a >= b;
    default:
      return operator satisfies never;
  }
}

function isComparable(value: Value): value is string | number | boolean {
  return ["string", "number", "boolean"].includes(typeof value);
}

function both(a: Value, b: Value): Value {
  if (a === false || b === false) return false;
  return a === true && b === true ? true : undefined;
}

function either(a: Value, b: Value): Value {
  if (a === true || b === true) return true;
  return a === false && b === false ? false : undefined;
}

function negated(value: Value): Value {
  return typeof value === "boolean" ? !value : undefined;
}

const typeRanks = ["undefined", "object", "boolean", "number", "string"];

/** Orders items as an index does: by type first, then by value; strings by code unit. */
export function toComparator(
  orderBy: readonly OrderItem[],
  parameters: Parameters,
): (a: Value, b: Value) => number {
  return (a, b) => {
    for (const { expression, isDescending } of orderBy) {
      const order = compareValues(
        evaluate(expression, a, parameters),
        evaluate(expression, b, parameters),
      );
      if (order !== 0) return isDescending ? -order : order;
    }
    return 0;
  };
}

function compareValues(a: Value, b: Value): number {
  if (a === b) return 0;
  const byType = typeRanks.indexOf(typeof a) - typeRanks.indexOf(typeof b);
  if (byType !== 0) return byType;
  return isComparable(a) && isComparable(b) && a < b ? -1 : 1;
}
