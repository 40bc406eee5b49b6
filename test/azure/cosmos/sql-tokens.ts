import { CosmosRefusal } from "./refusal.ts";

export interface Token {
  readonly kind: "word" | "parameter" | "string" | "number" | "sign" | "end";
  readonly text: string;
  /** Where it begins and ends in the query's text. */
  readonly from: number;
  readonly to: number;
}

const patterns = [
  ["word", /[A-Za-z_]\w*/y],
  ["parameter", /@[A-Za-z_]\w*/y],
  ["string", /"(?:[^"\\]|\\.)*"/y],
  ["number", /-?\d+(?:\.\d+)?(?:e[+-]?\d+)?/iy],
  ["sign", /<=|>=|!=|<>|[=<>()[\]{}.,:*]/y],
] as const;

/** The query's tokens, closed by one of kind `end`. @throws CosmosRefusal for a character that starts none */
export function toTokens(text: string): Token[] {
  const tokens: Token[] = [];
  let at = skipSpace(text, 0);
  while (at < text.length) {
    const token = tokenAt(text, at);
    tokens.push(token);
    at = skipSpace(text, token.to);
  }
  return [...tokens, { kind: "end", text: "", from: at, to: at }];
}

function tokenAt(text: string, from: number): Token {
  for (const [kind, pattern] of patterns) {
    pattern.lastIndex = from;
    const found = pattern.exec(text)?.[0];
    if (found !== undefined) {
      return { kind, text: found, from, to: from + found.length };
    }
  }
  throw new CosmosRefusal(400, `Syntax error, unexpected input at ${from}.`);
}

function skipSpace(text: string, from: number): number {
  let at = from;
  while (/\s/.test(text[at] ?? "")) at += 1;
  return at;
}
