import { CosmosRefusal } from "./refusal.ts";
import { toTokens, type Token } from "./sql-tokens.ts";

export type Expression =
  /** `c`, `c.kind`, `c["document"]["createdAt"]`: the names after the alias. */
  | { readonly type: "path"; readonly names: readonly string[] }
  | { readonly type: "parameter"; readonly name: string }
  | { readonly type: "literal"; readonly value: string | number | boolean }
  | {
      readonly type: "compare";
      readonly operator: Comparison;
      readonly left: Expression;
      readonly right: Expression;
    }
  | {
      readonly type: "and" | "or";
      readonly left: Expression;
      readonly right: Expression;
    }
  | { readonly type: "not"; readonly operand: Expression }
  | {
      readonly type: "call";
      readonly name: FunctionName;
      readonly argument: Expression;
    }
  | { readonly type: "array"; readonly items: readonly Expression[] }
  | {
      readonly type: "object";
      readonly entries: readonly (readonly [string, Expression])[];
    };

const comparisons = ["=", "<", "<=", ">", ">="] as const;
export type Comparison = (typeof comparisons)[number];

const functions = ["IS_DEFINED", "IS_NULL"] as const;
type FunctionName = (typeof functions)[number];

export interface OrderItem {
  readonly expression: Expression;
  readonly isDescending: boolean;
  /** The expression as it was written. */
  readonly text: string;
}

export interface Query {
  /** `undefined` is `*`. */
  readonly select:
    | readonly { readonly name: string; readonly expression: Expression }[]
    | undefined;
  readonly where: Expression | undefined;
  /** The condition as it was written. */
  readonly whereText: string;
  readonly orderBy: readonly OrderItem[];
  /** What follows ORDER BY as it was written. */
  readonly orderText: string;
}

/** Parses the part of Cosmos DB's SQL that this endpoint knows. @throws CosmosRefusal 400 for anything else */
export function parseQuery(text: string): Query {
  const cursor = createCursor(text);
  cursor.word("SELECT");
  const select = cursor.takes("*") ? undefined : parseSelect(cursor);
  cursor.word("FROM");
  const alias = cursor.next("word").text;
  cursor.alias = alias;
  const whereFrom = cursor.peek().to;
  const where = cursor.takesWord("WHERE") ? parseOr(cursor) : undefined;
  const whereTo = cursor.peek().from;
  const isOrdered = cursor.takesWord("ORDER");
  if (isOrdered) cursor.word("BY");
  const orderFrom = cursor.peek().from;
  const orderBy = isOrdered ? listOf(cursor, parseOrderItem) : [];
  cursor.next("end");
  const query = {
    select,
    where,
    whereText: text.slice(whereFrom, whereTo).trim(),
    orderBy,
    orderText: text.slice(orderFrom).trim(),
  };
  return query;
}

interface Cursor {
  /** The name that FROM gives to the items. SELECT stands before it, so there it is not checked. */
  alias: string | undefined;
  peek(): Token;
  next(kind: Token["kind"]): Token;
  /** Takes the sign, or refuses. */
  sign(text: string): void;
  /** Takes the keyword, or refuses. */
  word(text: string): void;
  takes(sign: string): boolean;
  takesWord(word: string): boolean;
  between(from: number, to: number): string;
}

function createCursor(text: string): Cursor {
  const tokens = toTokens(text);
  let at = 0;
  const peek = () => tokens[at] as Token;
  const takeIf = (isWanted: (token: Token) => boolean) => {
    if (!isWanted(peek())) return false;
    at += 1;
    return true;
  };
  const refuse = (): never => {
    throw new CosmosRefusal(
      400,
      `Syntax error, incorrect syntax near '${peek().text}'.`,
    );
  };
  const cursor: Cursor = {
    alias: undefined,
    peek,
    next(kind) {
      const token = peek();
      return takeIf((each) => each.kind === kind) ? token : refuse();
    },
    sign: (sign) => void (cursor.takes(sign) || refuse()),
    word: (word) => void (cursor.takesWord(word) || refuse()),
    takes: (sign) =>
      takeIf((token) => token.kind === "sign" && token.text === sign),
    takesWord: (word) =>
      takeIf(
        (token) => token.kind === "word" && token.text.toUpperCase() === word,
      ),
    between: (from, to) => text.slice(from, to),
  };
  return cursor;
}

function listOf<T>(cursor: Cursor, parse: (cursor: Cursor) => T): T[] {
  const items = [parse(cursor)];
  while (cursor.takes(",")) items.push(parse(cursor));
  return items;
}

function parseSelect(cursor: Cursor) {
  return listOf(cursor, () => {
    const expression = parseOr(cursor);
    const last = expression.type === "path" ? expression.names.at(-1) : "";
    const name = cursor.takesWord("AS") ? cursor.next("word").text : last;
    return { name: name ?? "", expression };
  });
}

function parseOrderItem(cursor: Cursor): OrderItem {
  const { from } = cursor.peek();
  const expression = parsePrimary(cursor);
  const text = cursor.between(from, cursor.peek().from).trim();
  const isDescending = cursor.takesWord("DESC");
  if (!isDescending) cursor.takesWord("ASC");
  return { expression, isDescending, text };
}

function parseOr(cursor: Cursor): Expression {
  let left = parseAnd(cursor);
  while (cursor.takesWord("OR")) {
    left = { type: "or", left, right: parseAnd(cursor) };
  }
  return left;
}

function parseAnd(cursor: Cursor): Expression {
  let left = parseComparison(cursor);
  while (cursor.takesWord("AND")) {
    left = { type: "and", left, right: parseComparison(cursor) };
  }
  return left;
}

function parseComparison(cursor: Cursor): Expression {
  if (cursor.takesWord("NOT")) {
    return { type: "not", operand: parseComparison(cursor) };
  }
  const left = parsePrimary(cursor);
  const operator = comparisons.find((each) => cursor.takes(each));
  return operator === undefined
    ? left
    : { type: "compare", operator, left, right: parsePrimary(cursor) };
}

function parsePrimary(cursor: Cursor): Expression {
  if (cursor.takes("(")) {
    const inner = parseOr(cursor);
    cursor.sign(")");
    return inner;
  }
  if (cursor.takes("[")) {
    const items = listOf(cursor, parseOr);
    cursor.sign("]");
    return { type: "array", items };
  }
  if (cursor.takes("{")) {
    const entries = listOf(cursor, parseEntry);
    cursor.sign("}");
    return { type: "object", entries };
  }
  const { kind, text } = cursor.peek();
  if (kind === "parameter") {
    return { type: "parameter", name: cursor.next("parameter").text };
  }
  if (kind === "string" || kind === "number") {
    return {
      type: "literal",
      value: JSON.parse(cursor.next(kind).text) as string,
    };
  }
  const name = cursor.next("word").text;
  if (text === "true" || text === "false") {
    return { type: "literal", value: text === "true" };
  }
  return parseCall(cursor, name) ?? parsePath(cursor, name);
}

function parseEntry(cursor: Cursor): readonly [string, Expression] {
  const name = JSON.parse(cursor.next("string").text) as string;
  cursor.sign(":");
  return [name, parseOr(cursor)];
}

function parseCall(cursor: Cursor, word: string): Expression | undefined {
  const name = functions.find((each) => each === word.toUpperCase());
  if (name === undefined) return undefined;
  cursor.sign("(");
  const argument = parseOr(cursor);
  cursor.sign(")");
  return { type: "call", name, argument };
}

function parsePath(cursor: Cursor, alias: string): Expression {
  if (cursor.alias !== undefined && alias !== cursor.alias) {
    throw new CosmosRefusal(
      400,
      `Identifier '${alias}' could not be resolved.`,
    );
  }
  const names: string[] = [];
  for (;;) {
    if (cursor.takes(".")) names.push(cursor.next("word").text);
    else if (cursor.takes("[")) {
      names.push(JSON.parse(cursor.next("string").text) as string);
      cursor.sign("]");
    } else return { type: "path", names };
  }
}
