import { type Mark, parseCellsMark, parseMark } from "../extraction/marks.ts";
import type { Place } from "../extraction/place.ts";

/** A paragraph, list item or table row: a slice of a document, with where it stands. */
export interface Passage {
  readonly artifactIndex: number;
  readonly kind: "paragraph" | "item" | "row";
  /** Offsets into the document's text: `text` is exactly that slice. */
  readonly start: number;
  readonly end: number;
  readonly text: string;
  readonly page: number | undefined;
  readonly place: Place | undefined;
  /** The nearest heading above, or the sheet's name. */
  readonly heading: string | undefined;
  /** The document's title and every heading above, outermost first. */
  readonly headings: readonly string[];
  /** The sentence that introduces a list. */
  readonly leadIn: string | undefined;
  /** The header cells of the row's table. */
  readonly columns: readonly string[];
}

interface Line {
  readonly start: number;
  readonly text: string;
}

const listItem = /^(\s*)(?:[-*+•]|\d{1,3}[.)])\s+(?=\S)/;
const atxHeading = /^(#{1,6})\s+(\S.*)$/;
const unmarkedHeading =
  /^(?:\d{1,3}(?:\.\d{1,3})*\.?\s+)?\p{Lu}[^.!?;:|]*[^.!?;:,|\s]$/u;
const unmarkedHeadingLevel = 6;
const ruler = /^\s*([-*_])(?:\s*\1){2,}\s*$/;

/** Splits Markdown with location marks into its passages, in document order. Headings and marks are no passages. */
export function splitPassages(
  artifactIndex: number,
  markdown: string,
): Passage[] {
  const reader = createReader(artifactIndex, markdown);
  const lines = toLines(markdown);
  for (const [index, line] of lines.entries())
    readLine(reader, line, lines, index);
  reader.close();
  return reader.passages;
}

type Reader = ReturnType<typeof createReader>;

/** Where the reading stands: the passage that is open, and what lies above it. */
function createReader(artifactIndex: number, markdown: string) {
  const passages: Passage[] = [];
  const outline: { level: number; text: string }[] = [];
  let page: number | undefined;
  let part: Place = {};
  let place: Place | undefined;
  let sheet: string | undefined;
  let columns: readonly string[] = [];
  let leadIn: string | undefined;
  /** Where the lines of the sheet's table stand, from the next one on. */
  let cells: Iterator<string> | undefined;
  /** Where the open row stands. */
  let rowCells: string | undefined;
  let open: { kind: Passage["kind"]; start: number; end: number } | undefined;

  function close(): void {
    if (open === undefined) return;
    const { kind, start, end } = open;
    open = undefined;
    const text = markdown.slice(start, end);
    if (text.trim() === "") return;
    const headings = headingsAbove(sheet, outline);
    const above = {
      page,
      place:
        kind === "row" && rowCells !== undefined
          ? { ...place, cells: rowCells }
          : place,
      headings,
      heading: headings.at(-1),
      leadIn: kind === "item" ? leadIn : undefined,
      columns: kind === "row" ? columns : [],
    };
    passages.push({ artifactIndex, kind, start, end, text, ...above });
    if (kind === "paragraph")
      leadIn = text.trimEnd().endsWith(":") ? text : undefined;
  }

  return {
    passages,
    close,
    /** Opens a passage, or adds to the open one. Offsets are the document's. */
    add(kind: Passage["kind"], start: number, end: number): void {
      open = { kind: open?.kind ?? kind, start: open?.start ?? start, end };
    },
    beginTable(header: readonly string[]): void {
      columns = header;
    },
    showCells(listed: Iterator<string>): void {
      cells = listed;
    },
    /** A line of a table, its header included. */
    nextRow(): void {
      const next = cells?.next();
      rowCells = next?.done === true ? undefined : next?.value;
    },
    mark(mark: Mark): void {
      cells = undefined;
      if (mark.kind === "part") {
        part = { part: mark.part };
        place = part;
        return;
      }
      place = { ...part, ...mark.place };
      if (mark.kind === "page") page = mark.page;
      else {
        sheet = mark.sheet;
        outline.length = 0;
      }
    },
    headingAt(level: number, text: string): void {
      while ((outline.at(-1)?.level ?? 0) >= level) outline.pop();
      outline.push({ level, text: plain(text) });
      leadIn = undefined;
    },
  };
}

function headingsAbove(
  sheet: string | undefined,
  outline: readonly { readonly text: string }[],
): string[] {
  const headings = outline.map(({ text }) => text);
  return sheet === undefined ? headings : [sheet, ...headings];
}

function readLine(
  reader: Reader,
  line: Line,
  lines: readonly Line[],
  index: number,
): void {
  const trimmed = line.text.trim();
  if (trimmed.startsWith("|")) {
    reader.close();
    readTableLine(reader, line, lines[index - 1], lines[index + 1]);
    return;
  }
  const mark = trimmed.startsWith("<!--") ? parseMark(trimmed) : undefined;
  const [, marks, heading] = atxHeading.exec(trimmed) ?? [];
  const [bullet] = listItem.exec(line.text) ?? [];
  const end = line.start + line.text.trimEnd().length;

  const cells = mark === undefined ? parseCellsMark(trimmed) : undefined;
  if (mark !== undefined) {
    reader.close();
    reader.mark(mark);
  } else if (cells !== undefined) {
    reader.close();
    reader.showCells(cells);
  } else if (marks !== undefined && heading !== undefined) {
    reader.close();
    reader.headingAt(marks.length, heading.replace(/\s#+$/, ""));
  } else if (isBreak(trimmed)) {
    reader.close();
  } else if (looksLikeHeading(lines, index)) {
    reader.close();
    reader.headingAt(unmarkedHeadingLevel, trimmed);
  } else if (bullet !== undefined) {
    reader.close();
    reader.add("item", line.start + bullet.length, end);
  } else {
    const [indent = ""] = /^\s*(?:>\s?)*/.exec(line.text) ?? [];
    reader.add("paragraph", line.start + indent.length, end);
  }
}

/**
 * Plain text and many PDFs have headings without a mark: a short line in capitals or capitalised, without a full stop,
 * that stands alone or directly above a much longer line.
 */
function looksLikeHeading(lines: readonly Line[], index: number): boolean {
  const text = lines[index]?.text.trim() ?? "";
  if (text.length > 70 || !unmarkedHeading.test(text)) return false;
  const above = lines[index - 1]?.text.trim() ?? "";
  const below = lines[index + 1]?.text.trim() ?? "";
  if (above !== "") return false;
  if (below !== "")
    return (
      text.length < 40 &&
      below.length > 1.5 * text.length &&
      /^[\p{Lu}\d"“(]/u.test(below)
    );
  const next = lines.slice(index + 1, index + 5).find(isText)?.text;
  return next !== undefined && !listItem.test(next);
}

function isText({ text }: Line): boolean {
  return text.trim() !== "";
}

function isTableRule({ text }: Line): boolean {
  return text.includes("--") && /^[\s:|-]+$/.test(text);
}

function withoutLastPipe(row: string): string {
  return row.endsWith("|") && !row.endsWith("\\|")
    ? row.slice(0, -1).trimEnd()
    : row;
}

function isBreak(trimmed: string): boolean {
  return trimmed === "" || ruler.test(trimmed) || /^(?:```|<!--)/.test(trimmed);
}

/** The first row of a table is its header if a rule follows; every other row is a passage. */
function readTableLine(
  reader: Reader,
  line: Line,
  before: Line | undefined,
  after: Line | undefined,
): void {
  if (isTableRule(line)) return;
  reader.nextRow();
  const isFirst = before === undefined || !before.text.trim().startsWith("|");
  const isHeader = isFirst && after !== undefined && isTableRule(after);
  if (isFirst) reader.beginTable(isHeader ? splitCells(line.text) : []);
  if (isHeader) return;
  const lead = /^\s*\|\s*/.exec(line.text)?.[0].length ?? 0;
  const end = line.start + withoutLastPipe(line.text.trimEnd()).length;
  reader.add("row", line.start + lead, end);
  reader.close();
}

/** The cells of a Markdown table row, without its outer pipes. */
export function splitCells(row: string): string[] {
  return row
    .trim()
    .replace(/^\|/, "")
    .replace(/(?<!\\)\|$/, "")
    .split(/(?<!\\)\|/)
    .map((cell) => plain(cell));
}

/** Markdown's emphasis, links and escapes taken away, white space collapsed: for reading and for matching. */
export function plain(markdown: string): string {
  return markdown
    .replace(/!?\[([^\][]*)\]\([^()\s]*\)/g, "$1")
    .replace(/\*\*|__|`|(?<!\w)[*_](?=\w)|(?<=[\w.,;:!?])[*_](?!\w)/g, "")
    .replace(/<br\s*\/?>/gi, " ")
    .replace(/\\([!-/:-@[-`{-~])/g, "$1")
    .replace(/\s+/g, " ")
    .trim();
}

function toLines(text: string): Line[] {
  const lines: Line[] = [];
  let start = 0;
  while (start <= text.length) {
    const next = text.indexOf("\n", start);
    const end = next === -1 ? text.length : next;
    lines.push({ start, text: text.slice(start, end) });
    start = end + 1;
  }
  return lines;
}
