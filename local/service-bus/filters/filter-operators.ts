import type { ArithmeticOperator, ComparisonOperator } from "./filter-tree.ts";
import { FilterException, type FilterValue } from "./rule-definition.ts";

/**
 * Compares as C# does: whole numbers with others, text by its code units, null with anything for equality.
 *
 * @throws FilterException for values that do not go together.
 */
export function compare(
  operator: ComparisonOperator,
  left: FilterValue,
  right: FilterValue,
): boolean {
  switch (operator) {
    case "=":
      return isEqual(left, right);
    case "<>":
      return !isEqual(left, right);
    default:
      if (left === null || right === null) return false;
      return isOrdered(operator, toOrdered(left), toOrdered(right));
  }
}

/** Calculates as C# does: whole numbers stay whole, within 64 bits; text and anything add up to text. */
export function calculate(
  operator: ArithmeticOperator,
  left: FilterValue,
  right: FilterValue,
): FilterValue | undefined {
  if (operator === "+" && [left, right].some((v) => typeof v === "string")) {
    return `${String(left ?? "")}${String(right ?? "")}`;
  }
  if (left === null || right === null) return undefined;
  if (typeof left === "bigint" && typeof right === "bigint") {
    return BigInt.asIntN(64, calculateWhole(operator, left, right));
  }
  return calculateDouble(operator, toNumber(left), toNumber(right));
}

/** The value with the other sign; unknown for null. */
export function negate(value: FilterValue): FilterValue | undefined {
  if (value === null) return undefined;
  if (typeof value === "bigint") return BigInt.asIntN(64, -value);
  return -toNumber(value);
}

function isEqual(left: FilterValue, right: FilterValue): boolean {
  if (left === null || right === null) return left === right;
  if (isNumber(left) && isNumber(right)) return left == right;
  if (left instanceof Date && right instanceof Date) {
    return left.getTime() === right.getTime();
  }
  if (Buffer.isBuffer(left) && Buffer.isBuffer(right)) {
    return left.equals(right);
  }
  if (typeof left === typeof right && typeof left !== "object") {
    return left === right;
  }
  throw mismatch();
}

function isOrdered(
  operator: Exclude<ComparisonOperator, "=" | "<>">,
  left: number | bigint,
  right: number | bigint,
): boolean {
  switch (operator) {
    case "<":
      return left < right;
    case "<=":
      return left <= right;
    case ">":
      return left > right;
    case ">=":
      return left >= right;
    default:
      return operator satisfies never;
  }
}

function calculateWhole(
  operator: ArithmeticOperator,
  left: bigint,
  right: bigint,
): bigint {
  switch (operator) {
    case "+":
      return left + right;
    case "-":
      return left - right;
    case "*":
      return left * right;
    case "/":
    case "%":
      if (right === 0n) throw new FilterException("Division by zero.");
      return operator === "/" ? left / right : left % right;
    default:
      return operator satisfies never;
  }
}

function calculateDouble(
  operator: ArithmeticOperator,
  left: number,
  right: number,
): number {
  switch (operator) {
    case "+":
      return left + right;
    case "-":
      return left - right;
    case "*":
      return left * right;
    case "/":
      return left / right;
    case "%":
      return left % right;
    default:
      return operator satisfies never;
  }
}

function isNumber(value: FilterValue): value is number | bigint {
  return typeof value === "number" || typeof value === "bigint";
}

function toNumber(value: FilterValue): number {
  if (isNumber(value)) return Number(value);
  throw mismatch();
}

/** C# orders numbers and times, and nothing else. */
function toOrdered(value: FilterValue): number | bigint {
  if (isNumber(value)) return value;
  if (value instanceof Date) return value.getTime();
  throw mismatch();
}

function mismatch(): FilterException {
  return new FilterException(
    "The operator is not defined for values of these types.",
  );
}
