/**
 * Location marks: lines of their own in extracted Markdown which say what page or sheet the text below them stands on.
 *
 * K1. Every mark in an extracted text was written by Nucleus: what looks like one in a document is defused by
 *     `neutralizeMarks` before the real ones are added.
 * K2. `parseMark(pageMark(n))` and `parseMark(sheetMark(name))` always give a mark back.
 */
export type Mark =
  | { readonly kind: "page"; readonly page: number }
  | { readonly kind: "sheet"; readonly sheet: string };

const maxSheetName = 100;

/** The line before the text of page `page` (from 1). */
export function pageMark(page: number): string {
  return `<!-- page ${page} -->`;
}

/** The line before the text of a sheet. What could end the mark or the line is taken out of its name. */
export function sheetMark(name: string): string {
  const safe = name
    .slice(0, maxSheetName)
    .toWellFormed()
    .replace(/[\p{Cc}\p{Zl}\p{Zp}<>\s]+/gu, " ")
    .replace(/-{2,}/g, "-")
    .trim();
  return `<!-- sheet ${safe === "" ? "unnamed" : safe} -->`;
}

/** The mark that `line` is, or `undefined` when it is a line of text. */
export function parseMark(line: string): Mark | undefined {
  const page = /^<!-- page ([1-9]\d{0,6}) -->$/.exec(line)?.[1];
  if (page !== undefined) return { kind: "page", page: Number(page) };
  const sheet = /^<!-- sheet ([^<>\n]{1,100}) -->$/.exec(line)?.[1];
  if (sheet !== undefined) return { kind: "sheet", sheet };
  return undefined;
}

/** `text` with everything defused that could be taken for a mark. */
export function neutralizeMarks(text: string): string {
  return text.replace(/<!--(?=\s*(?:page|sheet)\b)/gi, "&lt;!--");
}
