import { MalformedFilter } from "./rule-definition.ts";

/** A piece of a filter's text; words that are neither quoted nor bracketed may be keywords. */
export type Token =
  | { readonly kind: "word"; readonly text: string }
  | { readonly kind: "name"; readonly text: string }
  | { readonly kind: "text"; readonly text: string }
  | { readonly kind: "integer"; readonly text: string }
  | { readonly kind: "double"; readonly text: string }
  | { readonly kind: "parameter"; readonly text: string }
  | { readonly kind: "symbol"; readonly text: string }
  | { readonly kind: "end"; readonly text: "" };

const patterns: readonly (readonly [RegExp, (raw: string) => Token])[] = [
  [
    /'(?:[^']|'')*'/uy,
    (raw) => ({ kind: "text", text: unquote(raw, "''", "'") }),
  ],
  [
    /\[(?:[^\]]|\]\])*\]/uy,
    (raw) => ({ kind: "name", text: unquote(raw, "]]", "]") }),
  ],
  [
    /"(?:[^"]|"")*"/uy,
    (raw) => ({ kind: "name", text: unquote(raw, '""', '"') }),
  ],
  [/@[\p{L}_][\p{L}\p{Nd}_]*/uy, (text) => ({ kind: "parameter", text })],
  [
    /\d+\.\d*(?:[eE][+-]?\d+)?|\d+[eE][+-]?\d+|\.\d+(?:[eE][+-]?\d+)?/uy,
    (text) => ({ kind: "double", text }),
  ],
  [/\d+/uy, (text) => ({ kind: "integer", text })],
  [/[\p{L}_][\p{L}\p{Nd}_]*/uy, (text) => ({ kind: "word", text })],
  [/<>|!=|<=|>=|[=<>+\-*/%(),.]/uy, (text) => ({ kind: "symbol", text })],
];

/** Cuts a filter into tokens, an `end` last. @throws MalformedFilter at a character that begins none. */
export function tokenizeFilter(expression: string): Token[] {
  const tokens: Token[] = [];
  let offset = skipSpace(expression, 0);
  while (offset < expression.length) {
    const [token, end] = readToken(expression, offset);
    tokens.push(token);
    offset = skipSpace(expression, end);
  }
  return [...tokens, { kind: "end", text: "" }];
}

function readToken(expression: string, offset: number): [Token, number] {
  for (const [pattern, toToken] of patterns) {
    pattern.lastIndex = offset;
    const raw = pattern.exec(expression)?.[0];
    if (raw !== undefined) return [toToken(raw), offset + raw.length];
  }
  throw new MalformedFilter(
    `The filter cannot be read from character ${offset + 1} on.`,
  );
}

function skipSpace(expression: string, offset: number): number {
  const space = /\s*/uy;
  space.lastIndex = offset;
  return offset + (space.exec(expression)?.[0].length ?? 0);
}

function unquote(raw: string, doubled: string, single: string): string {
  return raw.slice(1, -1).replaceAll(doubled, single);
}
