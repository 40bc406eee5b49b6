import type { Expression, Predicate, Property } from "./filter-tree.ts";
import {
  type FilterConstant,
  type FilterValue,
  MalformedFilter,
  systemProperties,
} from "./rule-definition.ts";
import type { Token } from "./tokenize-filter.ts";

/** The tokens of a filter, from front to back. */
export interface TokenReader {
  peek(ahead?: number): Token;
  next(): Token;
  /** Takes the next token when it is one of these symbols. */
  takeSymbol(...texts: readonly string[]): string | undefined;
  /** Takes the next token when it is this keyword. */
  takeWord(text: string): boolean;
  expect(symbol: string): void;
  /** What to throw when the next token fits nowhere. */
  unexpected(): MalformedFilter;
  parameter(name: string): FilterConstant;
  /** Parses one level deeper, within the limit. */
  nested<T>(parse: () => T): T;
  /** Parses a value. */
  parseInner(): Expression;
}

const MAX_INTEGER = 2n ** 63n - 1n;
const keywords = new Set("AND OR NOT IN IS LIKE ESCAPE EXISTS".split(" "));

/** Parses what stands between operators; `parseGroup` parses what stands in parentheses. */
export function parseOperand(
  reader: TokenReader,
  parseGroup: () => Expression | Predicate,
): Expression | Predicate {
  const sign = reader.takeSymbol("+", "-");
  if (sign !== undefined) {
    const operand = reader.nested(() => parseOperand(reader, parseGroup));
    return toSigned(reader, sign, operand);
  }
  if (reader.takeSymbol("(") !== undefined) {
    const group = reader.nested(parseGroup);
    reader.expect(")");
    return group;
  }
  const { kind, text } = reader.peek();
  switch (kind) {
    case "word":
      return parseWord(reader);
    case "name":
      reader.next();
      return { kind: "property", scope: "user", name: text };
    case "symbol":
    case "end":
      throw reader.unexpected();
    case "text":
    case "integer":
    case "double":
    case "parameter":
      reader.next();
      return { kind: "constant", value: toConstant(reader, kind, text) };
    default:
      return kind satisfies never;
  }
}

function toSigned(
  reader: TokenReader,
  sign: string,
  operand: Expression | Predicate,
): Expression {
  switch (operand.kind) {
    case "property":
    case "constant":
    case "propertyNamed":
    case "newId":
    case "negate":
    case "arithmetic":
      return sign === "-" ? { kind: "negate", operand } : operand;
    default:
      throw reader.unexpected();
  }
}

function toConstant(
  reader: TokenReader,
  kind: "text" | "integer" | "double" | "parameter",
  text: string,
): FilterValue {
  switch (kind) {
    case "text":
      return text;
    case "integer":
      if (BigInt(text) > MAX_INTEGER) {
        throw new MalformedFilter("A whole number is larger than 64 bits.");
      }
      return BigInt(text);
    case "double":
      return Number(text);
    case "parameter": {
      const value = reader.parameter(text);
      return Number.isSafeInteger(value) ? BigInt(value) : value;
    }
    default:
      return kind satisfies never;
  }
}

function parseWord(reader: TokenReader): Expression {
  if (reader.takeWord("TRUE")) return { kind: "constant", value: true };
  if (reader.takeWord("FALSE")) return { kind: "constant", value: false };
  if (reader.takeWord("NULL")) return { kind: "constant", value: null };
  if (keywords.has(reader.peek().text.toUpperCase())) throw reader.unexpected();
  const { kind, text } = reader.peek(1);
  if (kind === "symbol" && text === "(") return parseFunction(reader);
  return parseProperty(reader);
}

function parseFunction(reader: TokenReader): Expression {
  const name = reader.next().text.toLowerCase();
  reader.expect("(");
  if (name === "newid") {
    reader.expect(")");
    return { kind: "newId" };
  }
  if (name !== "property" && name !== "p") {
    throw new MalformedFilter(`There is no function "${name}" in filters.`);
  }
  const argument = reader.nested(() => reader.parseInner());
  reader.expect(")");
  return { kind: "propertyNamed", name: argument };
}

function parseProperty(reader: TokenReader): Property {
  const first = reader.next().text;
  if (reader.takeSymbol(".") === undefined) {
    return { kind: "property", scope: "user", name: first };
  }
  const scope = first.toLowerCase();
  const { kind, text: name } = reader.peek();
  if (kind !== "word" && kind !== "name") throw reader.unexpected();
  reader.next();
  if (scope === "user") return { kind: "property", scope: "user", name };
  if (scope !== "sys") {
    throw new MalformedFilter(
      `The scope "${first}" is neither "sys" nor "user".`,
    );
  }
  const found = systemProperties.find((known) => known === name.toLowerCase());
  if (found !== undefined) {
    return { kind: "property", scope: "system", name: found };
  }
  throw new MalformedFilter(
    `"sys.${name}" is not a system property that filters can use.`,
  );
}
