/**
 * Location marks: lines of their own in extracted Markdown which say where in the document the text below them stands.
 *
 * There are two sorts of place. Counted ones, pages and slides, are a page of a quote. Named ones, sheets, chapters
 * and times, stand above every heading that follows.
 *
 * K1. Every mark in an extracted text was written by Nucleus: what looks like one in a document is defused by
 *     `neutralizeMarks` before the real ones are added.
 * K2. `parseMark` gives a mark back for every mark that the functions of this file write.
 */
export type Mark =
  | { readonly kind: "page"; readonly page: number }
  /** A sheet's name, `chapter 3`, or `01:02:03`. */
  | { readonly kind: "sheet"; readonly sheet: string };

const maxSheetName = 100;

/** The line before the text of page `page` (from 1). */
export function pageMark(page: number): string {
  return `<!-- page ${page} -->`;
}

/** The line before the text of slide `slide` (from 1). */
export function slideMark(slide: number): string {
  return `<!-- slide ${slide} -->`;
}

/** The line before the text of chapter `chapter` (from 1). */
export function chapterMark(chapter: number): string {
  return `<!-- chapter ${chapter} -->`;
}

/** The line before what is said from second `seconds` of a recording on; parts of a second are dropped. */
export function timeMark(seconds: number): string {
  const two = (value: number): string =>
    String(Math.floor(value)).padStart(2, "0");
  const time = [seconds / 3600, (seconds / 60) % 60, seconds % 60].map(two);
  return `<!-- time ${time.join(":")} -->`;
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
  const page = /^<!-- (?:page|slide) ([1-9]\d{0,6}) -->$/.exec(line)?.[1];
  if (page !== undefined) return { kind: "page", page: Number(page) };
  const sheet =
    /^<!-- sheet ([^<>\n]{1,100}) -->$/.exec(line)?.[1] ??
    /^<!-- (chapter [1-9]\d{0,6}) -->$/.exec(line)?.[1] ??
    /^<!-- time (\d{2,6}:[0-5]\d:[0-5]\d) -->$/.exec(line)?.[1];
  if (sheet !== undefined) return { kind: "sheet", sheet };
  return undefined;
}

/** `text` with everything defused that could be taken for a mark. */
export function neutralizeMarks(text: string): string {
  return text.replace(
    /<!--(?=\s*(?:page|slide|sheet|chapter|time)\b)/gi,
    "&lt;!--",
  );
}
