import type { Place } from "./place.ts";

/**
 * Location marks: lines of their own in extracted Markdown which say where in the document the text below them stands.
 *
 * There are two sorts of place in a document. Counted ones, pages and slides, are a page of a quote. Named ones, sheets,
 * chapters and times, stand above every heading that follows. A third says which part of another document all of it is.
 *
 * K1. Every mark in an extracted text was written by Nucleus: what looks like one in a document is defused by
 *     `neutralizeMarks` before the real ones are added.
 * K2. `parseMark` gives a mark back for every mark that the functions of this file write.
 */
export type Mark =
  | { readonly kind: "page"; readonly page: number; readonly place: Place }
  /** A sheet's name, `chapter 3`, or `01:02:03`. */
  | { readonly kind: "sheet"; readonly sheet: string; readonly place: Place }
  | { readonly kind: "part"; readonly part: string };

const maxSheetName = 100;

/** The line before the whole text of a document that is the part at `path` (such as `2.1`) of another. */
export function partMark(path: string): string {
  return `<!-- part ${path} -->`;
}

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

/** The cells that a table's lines show, header included: its columns, from 0, and the number of each line's row. */
export interface TableCells {
  readonly first: number;
  readonly last: number;
  readonly rows: readonly number[];
}

const longestCellsMark = 4_000;

/**
 * The line before the table of a sheet: `<!-- cells A-F 1 3-9 -->`. Rows are counted up from each number, or from the
 * first to the last of a range. Undefined where so many rows are missing that the line would be too long to be worth it.
 */
export function cellsMark({
  first,
  last,
  rows,
}: TableCells): string | undefined {
  const ranges: { from: number; to: number }[] = [];
  for (const row of rows) {
    const open = ranges.at(-1);
    if (open?.to === row - 1) open.to = row;
    else ranges.push({ from: row, to: row });
  }
  const shown = ranges.map(({ from, to }) =>
    from === to ? String(from) : `${from}-${to}`,
  );
  const mark = `<!-- cells ${toLetters(first)}-${toLetters(last)} ${shown.join(" ")} -->`;
  return mark.length > longestCellsMark ? undefined : mark;
}

/** Where the rows of the table below stand, as `B7:F7`, in order; undefined when `line` is no such mark. */
export function parseCellsMark(
  line: string,
): Generator<string, undefined> | undefined {
  if (line.length > longestCellsMark) return undefined;
  const [, first, last, rows] =
    /^<!-- cells ([A-Z]{1,3})-([A-Z]{1,3}) (\d{1,7}(?:[ -]\d{1,7})*) -->$/.exec(
      line,
    ) ?? [];
  return rows === undefined
    ? undefined
    : listCells(`${first}`, `${last}`, rows.split(" "));
}

function* listCells(
  first: string,
  last: string,
  ranges: readonly string[],
): Generator<string, undefined> {
  for (const range of ranges) {
    const [from = "0", to = from] = range.split("-");
    for (let row = Number(from); row <= Number(to); row += 1)
      yield first === last ? `${first}${row}` : `${first}${row}:${last}${row}`;
  }
}

/** `A` for 0, `AA` for 26. */
function toLetters(column: number): string {
  const letter = String.fromCharCode(65 + (column % 26));
  return column < 26
    ? letter
    : `${toLetters(Math.floor(column / 26) - 1)}${letter}`;
}

/** The mark that `line` is, or `undefined` when it is a line of text. */
export function parseMark(line: string): Mark | undefined {
  const [, word, value] =
    /^<!-- (page|slide|chapter|sheet|time|part) ([^<>\n]{1,100}) -->$/.exec(
      line,
    ) ?? [];
  if (word === undefined || value === undefined) return undefined;
  switch (word) {
    case "page":
    case "slide":
    case "chapter": {
      if (!/^[1-9]\d{0,6}$/.test(value)) return undefined;
      const number = Number(value);
      const place = { [word]: number };
      return word === "chapter"
        ? { kind: "sheet", sheet: `chapter ${value}`, place }
        : { kind: "page", page: number, place };
    }
    case "time":
      if (!/^\d{2,6}:[0-5]\d:[0-5]\d$/.test(value)) return undefined;
      return { kind: "sheet", sheet: value, place: { time: value } };
    case "part":
      if (!/^[1-9]\d{0,3}(?:\.[1-9]\d{0,3}){0,9}$/.test(value))
        return undefined;
      return { kind: "part", part: value };
    default:
      return { kind: "sheet", sheet: value, place: { sheet: value } };
  }
}

/** `text` with everything defused that could be taken for a mark. */
export function neutralizeMarks(text: string): string {
  return text.replace(
    /<!--(?=\s*(?:page|slide|sheet|cells|chapter|time|part)\b)/gi,
    "&lt;!--",
  );
}
