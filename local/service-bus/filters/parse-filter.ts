import type {
  ArithmeticOperator,
  ComparisonOperator,
  Expression,
  Predicate,
  Property,
} from "./filter-tree.ts";
import { parseOperand, type TokenReader } from "./parse-operand.ts";
import {
  type FilterConstant,
  MalformedFilter,
  type SqlFilter,
} from "./rule-definition.ts";
import { type Token, tokenizeFilter } from "./tokenize-filter.ts";

/** Service Bus' limits. */
const MAX_FILTER_LENGTH = 1024;
const MAX_DEPTH = 32;

/** A predicate and an expression can both stand in parentheses, so that what a pair holds is known only behind it. */
type Node = Predicate | Expression;

/** Reads a filter. @throws MalformedFilter with what is wrong, and where. */
export function parseFilter({
  sqlExpression,
  sqlParameters = {},
}: SqlFilter): Predicate {
  if (sqlExpression.length > MAX_FILTER_LENGTH) {
    throw new MalformedFilter(
      `The filter is longer than ${MAX_FILTER_LENGTH} characters.`,
    );
  }
  const reader = createReader(tokenizeFilter(sqlExpression), sqlParameters);
  const predicate = asPredicate(reader, parseOr(reader));
  if (reader.peek().kind !== "end") throw reader.unexpected();
  return predicate;
}

function createReader(
  tokens: readonly Token[],
  parameters: Readonly<Record<string, FilterConstant>>,
): TokenReader {
  let index = 0;
  let depth = 0;
  const peek = (ahead = 0): Token =>
    tokens[index + ahead] ?? { kind: "end", text: "" };
  const reader: TokenReader = {
    peek,
    next() {
      const token = peek();
      index += 1;
      return token;
    },
    takeSymbol(...texts) {
      const { kind, text } = peek();
      if (kind !== "symbol" || !texts.includes(text)) return undefined;
      index += 1;
      return text;
    },
    takeWord(text) {
      const token = peek();
      if (token.kind !== "word" || token.text.toUpperCase() !== text) {
        return false;
      }
      index += 1;
      return true;
    },
    expect(symbol) {
      if (reader.takeSymbol(symbol) === undefined) throw reader.unexpected();
    },
    unexpected: () =>
      new MalformedFilter(
        peek().kind === "end"
          ? "The filter ends too early."
          : `The filter has an unexpected "${peek().text}".`,
      ),
    parameter(name) {
      const value = Object.hasOwn(parameters, name)
        ? parameters[name]
        : undefined;
      if (value !== undefined) return value;
      throw new MalformedFilter(`The parameter ${name} has no value.`);
    },
    nested(parse) {
      depth += 1;
      if (depth > MAX_DEPTH)
        throw new MalformedFilter("The filter is too deep.");
      const parsed = parse();
      depth -= 1;
      return parsed;
    },
    parseInner: () => asExpression(reader, parseSum(reader)),
  };
  return reader;
}

function parseOr(reader: TokenReader): Node {
  let left = parseAnd(reader);
  while (reader.takeWord("OR")) {
    left = {
      kind: "or",
      left: asPredicate(reader, left),
      right: asPredicate(reader, parseAnd(reader)),
    };
  }
  return left;
}

function parseAnd(reader: TokenReader): Node {
  let left = parseNot(reader);
  while (reader.takeWord("AND")) {
    left = {
      kind: "and",
      left: asPredicate(reader, left),
      right: asPredicate(reader, parseNot(reader)),
    };
  }
  return left;
}

function parseNot(reader: TokenReader): Node {
  if (!reader.takeWord("NOT")) return parseComparison(reader);
  const operand = reader.nested(() => asPredicate(reader, parseNot(reader)));
  return { kind: "not", operand };
}

function parseComparison(reader: TokenReader): Node {
  if (reader.takeWord("EXISTS")) {
    reader.expect("(");
    const property = asProperty(reader, reader.parseInner());
    reader.expect(")");
    return { kind: "exists", property };
  }
  const left = parseSum(reader);
  const operator = reader.takeSymbol("=", "<>", "!=", "<=", ">=", "<", ">");
  if (operator !== undefined) {
    return {
      kind: "compare",
      operator: (operator === "!=" ? "<>" : operator) as ComparisonOperator,
      left: asExpression(reader, left),
      right: reader.parseInner(),
    };
  }
  return parsePostfix(reader, left);
}

/** `IS [NOT] NULL`, `[NOT] IN (…)`, `[NOT] LIKE …`. */
function parsePostfix(reader: TokenReader, left: Node): Node {
  if (reader.takeWord("IS")) {
    const isNot = reader.takeWord("NOT");
    if (!reader.takeWord("NULL")) throw reader.unexpected();
    const property = asProperty(reader, left);
    return negatedIf(isNot, { kind: "isNull", property });
  }
  const isNot = reader.takeWord("NOT");
  if (reader.takeWord("IN")) {
    const found = asExpression(reader, left);
    const list = parseList(reader);
    return negatedIf(isNot, { kind: "in", left: found, list });
  }
  if (reader.takeWord("LIKE")) {
    const pattern = reader.parseInner();
    const escape = reader.takeWord("ESCAPE") ? reader.parseInner() : undefined;
    const matched = asExpression(reader, left);
    return negatedIf(isNot, { kind: "like", left: matched, pattern, escape });
  }
  if (isNot) throw reader.unexpected();
  return left;
}

function parseList(reader: TokenReader): Expression[] {
  reader.expect("(");
  const list = [reader.parseInner()];
  while (reader.takeSymbol(",") !== undefined) list.push(reader.parseInner());
  reader.expect(")");
  return list;
}

function parseSum(reader: TokenReader): Node {
  return parseChain(reader, ["+", "-"], () =>
    parseChain(reader, ["*", "/", "%"], () =>
      parseOperand(reader, () => parseOr(reader)),
    ),
  );
}

function parseChain(
  reader: TokenReader,
  operators: readonly ArithmeticOperator[],
  parseNext: () => Node,
): Node {
  let left = parseNext();
  for (
    let operator = reader.takeSymbol(...operators);
    operator !== undefined;
    operator = reader.takeSymbol(...operators)
  ) {
    left = {
      kind: "arithmetic",
      operator: operator as ArithmeticOperator,
      left: asExpression(reader, left),
      right: asExpression(reader, parseNext()),
    };
  }
  return left;
}

const negatedIf = (isNot: boolean, operand: Predicate): Predicate =>
  isNot ? { kind: "not", operand } : operand;

function isPredicate(node: Node): node is Predicate {
  switch (node.kind) {
    case "property":
    case "constant":
    case "propertyNamed":
    case "newId":
    case "negate":
    case "arithmetic":
      return false;
    default:
      return true;
  }
}

function asPredicate(reader: TokenReader, node: Node): Predicate {
  if (isPredicate(node)) return node;
  throw reader.peek().kind === "end"
    ? new MalformedFilter("A value stands where a condition is needed.")
    : reader.unexpected();
}

function asExpression(reader: TokenReader, node: Node): Expression {
  if (isPredicate(node)) throw reader.unexpected();
  return node;
}

function asProperty(reader: TokenReader, node: Node): Property {
  if (node.kind === "property") return node;
  throw new MalformedFilter(
    "IS NULL and EXISTS are asked of properties, not of other values.",
  );
}
