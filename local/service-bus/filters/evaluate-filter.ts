import { calculate, compare, negate } from "./filter-operators.ts";
import type { Expression, Predicate } from "./filter-tree.ts";
import {
  FilterException,
  type FilterSubject,
  type FilterValue,
} from "./rule-definition.ts";

/** The third truth: a property that the condition needs does not exist. */
type Unknown = undefined;

/**
 * Whether a message matches a condition; undefined is unknown, which does not match.
 *
 * @throws FilterException when values do not go together.
 */
export function evaluateFilter(
  predicate: Predicate,
  subject: FilterSubject,
): boolean | Unknown {
  switch (predicate.kind) {
    case "and": {
      const left = evaluateFilter(predicate.left, subject);
      if (left === false) return false;
      const right = evaluateFilter(predicate.right, subject);
      return right === false ? false : left && right;
    }
    case "or": {
      const left = evaluateFilter(predicate.left, subject);
      if (left === true) return true;
      const right = evaluateFilter(predicate.right, subject);
      return right === true ? true : left === undefined ? left : right;
    }
    case "not": {
      const operand = evaluateFilter(predicate.operand, subject);
      return operand === undefined ? undefined : !operand;
    }
    case "isNull":
      return (valueOf(predicate.property, subject) ?? null) === null;
    case "exists":
      return (valueOf(predicate.property, subject) ?? null) !== null;
    case "compare": {
      const left = valueOf(predicate.left, subject);
      const right = valueOf(predicate.right, subject);
      return left === undefined || right === undefined
        ? undefined
        : compare(predicate.operator, left, right);
    }
    case "in":
      return isIn(predicate.left, predicate.list, subject);
    case "like":
      return isLike(predicate, subject);
    default:
      return predicate satisfies never;
  }
}

function isIn(
  expression: Expression,
  list: readonly Expression[],
  subject: FilterSubject,
): boolean | Unknown {
  const left = valueOf(expression, subject);
  if (left === undefined) return undefined;
  return list.some((entry) => {
    const value = valueOf(entry, subject);
    return value !== undefined && compare("=", left, value);
  });
}

function isLike(
  predicate: Predicate & { readonly kind: "like" },
  subject: FilterSubject,
): boolean | Unknown {
  const text = textOf(predicate.left, subject);
  const pattern = textOf(predicate.pattern, subject);
  const escape =
    predicate.escape === undefined ? "" : textOf(predicate.escape, subject);
  if (text === undefined || pattern === undefined || escape === undefined) {
    return undefined;
  }
  if (predicate.escape !== undefined && escape.length !== 1) {
    throw new FilterException("An escape character is one character.");
  }
  return matchesLike(text, pattern, escape);
}

/** Goes back to the last `%` only, so that the time is bounded by the product of both lengths. */
function matchesLike(text: string, pattern: string, escape: string): boolean {
  const parts = splitPattern(pattern, escape);
  let at = 0;
  let part = 0;
  let anyAt = -1;
  let anyFrom = 0;
  while (at < text.length) {
    const wanted = parts[part];
    if (wanted === ANY) {
      anyAt = part;
      anyFrom = at;
      part += 1;
    } else if (wanted === ONE || wanted === text[at]) {
      part += 1;
      at += 1;
    } else if (anyAt >= 0) {
      part = anyAt + 1;
      anyFrom += 1;
      at = anyFrom;
    } else {
      return false;
    }
  }
  return parts.slice(part).every((wanted) => wanted === ANY);
}

const ANY = Symbol("%");
const ONE = Symbol("_");

function splitPattern(
  pattern: string,
  escape: string,
): (string | typeof ANY | typeof ONE)[] {
  const parts: (string | typeof ANY | typeof ONE)[] = [];
  for (let at = 0; at < pattern.length; at += 1) {
    const character = pattern.charAt(at);
    if (character === escape) {
      at += 1;
      if (at === pattern.length) {
        throw new FilterException("A pattern ends with its escape character.");
      }
      parts.push(pattern.charAt(at));
    } else if (character === "%") parts.push(ANY);
    else parts.push(character === "_" ? ONE : character);
  }
  return parts;
}

/** The value as text; unknown when it is missing or null. */
function textOf(
  expression: Expression,
  subject: FilterSubject,
): string | Unknown {
  const value = valueOf(expression, subject) ?? undefined;
  if (value === undefined || typeof value === "string") return value;
  throw new FilterException("LIKE compares text only.");
}

function valueOf(
  expression: Expression,
  subject: FilterSubject,
): FilterValue | Unknown {
  switch (expression.kind) {
    case "constant":
      return expression.value;
    case "property":
      return expression.scope === "system"
        ? subject.system(expression.name)
        : subject.user(expression.name);
    case "propertyNamed": {
      const name = textOf(expression.name, subject);
      return name === undefined ? undefined : subject.user(name);
    }
    case "newId":
      return crypto.randomUUID();
    case "negate": {
      const operand = valueOf(expression.operand, subject);
      return operand === undefined ? undefined : negate(operand);
    }
    case "arithmetic": {
      const left = valueOf(expression.left, subject);
      const right = valueOf(expression.right, subject);
      return left === undefined || right === undefined
        ? undefined
        : calculate(expression.operator, left, right);
    }
    default:
      return expression satisfies never;
  }
}
