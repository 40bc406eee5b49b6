import {
  chapterMark,
  pageMark,
  partMark,
  sheetMark,
  slideMark,
  timeMark,
} from "../../extraction/marks.ts";
import type { Place } from "../../extraction/place.ts";
import { type Passage, splitPassages } from "../passages.ts";
import { splitLongPassages } from "./split-long-passages.ts";
import type { Tokenizer } from "./tokens.ts";

/** A part of a document that is read by itself. */
export interface Chunk {
  readonly artifactIndex: number;
  /** The slice of the document. */
  readonly start: number;
  readonly end: number;
  /** The slice, below the marks, headings and table header that hold where it begins: a small document of its own. */
  readonly text: string;
}

/** What marks, headings and a table's header above a chunk may take of it. */
const preambleShare = 1 / 4;
const mostPreambleTokens = 200;
/** A chunk that is fuller than this ends with its section. */
const fullEnough = 1 / 2;

/**
 * Cuts a document into chunks of at most `maxTokens`.
 *
 * C1. A chunk ends where a heading begins, unless it is less than half full.
 * C2. A section above `maxTokens` is cut between passages, a passage between sentences.
 * C3. What is quoted from a chunk's text has the page, heading and place that it has in the document, cells apart.
 */
export function toChunks(
  artifactIndex: number,
  markdown: string,
  options: { readonly maxTokens: number; readonly tokenizer: Tokenizer },
): Chunk[] {
  const { maxTokens, tokenizer } = options;
  const preambleTokens = Math.min(
    mostPreambleTokens,
    Math.floor(maxTokens * preambleShare),
  );
  const room = maxTokens - preambleTokens;
  const passages = splitLongPassages(
    splitPassages(artifactIndex, markdown),
    // What stands between it and the passage before comes on top.
    Math.floor(room * fullEnough),
    tokenizer,
  );
  const sections = toSections(passages, markdown, tokenizer);
  return fillChunks(sections, room).map((chunk) => {
    const [first] = chunk;
    const start = toLineStart(markdown, first);
    const end = chunk.at(-1)?.end ?? first.end;
    const preamble = toPreamble(first, preambleTokens, tokenizer);
    const text = `${preamble}${markdown.slice(start, end)}`;
    return { artifactIndex, start, end, text };
  });
}

interface Costed {
  readonly passage: Passage;
  /** With what stands between it and the passage before: headings, marks. */
  readonly tokens: number;
}

/** Runs of passages below the same headings. */
function toSections(
  passages: readonly Passage[],
  markdown: string,
  tokenizer: Tokenizer,
): Costed[][] {
  const sections: Costed[][] = [];
  let before: Passage | undefined;
  for (const passage of passages) {
    const tokens = tokenizer.count(
      markdown.slice(before?.end ?? 0, passage.end),
    );
    const section = sections.at(-1);
    if (section && before && isSameSection(before, passage))
      section.push({ passage, tokens });
    else sections.push([{ passage, tokens }]);
    before = passage;
  }
  return sections;
}

function isSameSection(one: Passage, other: Passage): boolean {
  return one.headings.join("\n") === other.headings.join("\n");
}

type NotEmpty = [Passage, ...Passage[]];

function fillChunks(
  sections: readonly (readonly Costed[])[],
  room: number,
): NotEmpty[] {
  const chunks: NotEmpty[] = [];
  let filled = room;
  const add = ({ passage, tokens }: Costed, begins: boolean): void => {
    const open = chunks.at(-1);
    if (open === undefined || begins) {
      chunks.push([passage]);
      filled = tokens;
    } else {
      open.push(passage);
      filled += tokens;
    }
  };
  for (const section of sections) {
    const needed = section.reduce((sum, { tokens }) => sum + tokens, 0);
    const joins =
      filled <= room * fullEnough && (filled + needed <= room || needed > room);
    for (const [index, costed] of section.entries())
      add(costed, (index === 0 && !joins) || filled + costed.tokens > room);
  }
  return chunks;
}

/** A row begins with its pipe, an item with its bullet; what a long passage was cut into begins where it was cut. */
function toLineStart(markdown: string, { start }: Passage): number {
  const lineStart = markdown.lastIndexOf("\n", start - 1) + 1;
  const lead = markdown.slice(lineStart, start);
  return /^[\s>|*+•\d.)-]*$/.test(lead) ? lineStart : start;
}

/** What stands above a chunk, outermost first; where there is no room for all of it, what is nearest to it. */
function toPreamble(
  { place, headings, columns }: Passage,
  maxTokens: number,
  tokenizer: Tokenizer,
): string {
  const isNamed = (place?.sheet ?? place?.chapter ?? place?.time) !== undefined;
  const [nearest = [], ...outer] = headings
    // The first heading below a named mark is its name.
    .slice(isNamed ? 1 : 0)
    .map((heading, depth) => [
      `${"#".repeat(Math.min(6, depth + 1))} ${heading}`,
    ])
    .toReversed();
  const marks = place === undefined ? [] : toMarks(place);
  const table =
    columns.length === 0
      ? []
      : [toRow(columns), toRow(columns.map(() => "---"))];
  let left = maxTokens;
  const kept = new Set(
    [marks, nearest, table, ...outer].filter((lines) => {
      const tokens = tokenizer.count(`${lines.join("\n")}\n`);
      if (tokens > left) return false;
      left -= tokens;
      return true;
    }),
  );
  return [marks, ...outer.toReversed(), nearest, table]
    .filter((lines) => kept.has(lines))
    .flat()
    .map((line) => `${line}\n`)
    .join("");
}

function toRow(cells: readonly string[]): string {
  return `| ${cells.map((cell) => cell.replaceAll("|", "\\|")).join(" | ")} |`;
}

function toMarks({ part, page, slide, sheet, chapter, time }: Place): string[] {
  return [
    ...(part === undefined ? [] : [partMark(part)]),
    ...(page === undefined ? [] : [pageMark(page)]),
    ...(slide === undefined ? [] : [slideMark(slide)]),
    ...(sheet === undefined ? [] : [sheetMark(sheet)]),
    ...(chapter === undefined ? [] : [chapterMark(chapter)]),
    ...(time === undefined ? [] : [timeMark(toSeconds(time))]),
  ];
}

function toSeconds(time: string): number {
  return time
    .split(":")
    .reduce((seconds, value) => seconds * 60 + Number(value), 0);
}
