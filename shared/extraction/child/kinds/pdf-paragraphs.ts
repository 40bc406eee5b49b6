import type { Block, Row } from "./pdf-layout.ts";

interface Line {
  readonly text: string;
  readonly x: number;
  readonly right: number;
  readonly y: number;
  readonly size: number;
}

type TextBlock = Extract<Block, { readonly kind: "text" }>;

const listItem = /^(?:[•◦▪‣·●○■–*-]|\(?\d{1,3}[.)]|\(?[a-z][.)])\s+\S/i;

/** Joins the lines of a region to paragraphs. A word that was parted at a line's end is one word again. */
export function toParagraphs(rows: readonly Row[]): readonly TextBlock[] {
  const lines = rows.map(toLine);
  const left = Math.min(...lines.map(({ x }) => x));
  const right = Math.max(...lines.map((line) => line.right));
  const leading = usualLeading(lines);
  const blocks: { text: string; size: number }[] = [];
  let before: Line | undefined;
  for (const line of lines) {
    const block = blocks.at(-1);
    const isNew =
      block === undefined ||
      before === undefined ||
      startsParagraph(line, before, { left, right, leading });
    if (isNew) blocks.push({ text: line.text, size: line.size });
    else block.text = joinLines(block.text, line.text);
    before = line;
  }
  return blocks.map((block) => ({ kind: "text", ...block }));
}

function toLine(row: Row): Line {
  const [first] = row;
  return {
    text: row.map(({ text }) => text).join(" "),
    x: Math.min(...row.map(({ x }) => x)),
    right: Math.max(...row.map(({ right }) => right)),
    y: first?.y ?? 0,
    size: Math.max(...row.map(({ size }) => size)),
  };
}

interface Region {
  readonly left: number;
  readonly right: number;
  /** The usual distance of baselines, in ems. */
  readonly leading: number;
}

function startsParagraph(line: Line, before: Line, region: Region): boolean {
  if (Math.abs(line.size - before.size) > 0.1 * before.size) return true;
  const distance = (line.y - before.y) / line.size;
  if (distance > region.leading * 1.3 || distance < 0) return true;
  if (listItem.test(line.text)) return true;
  const isIndented = line.x > before.x + 0.8 * line.size;
  if (isIndented && !listItem.test(before.text)) {
    return before.x < region.left + 0.5 * line.size;
  }
  const width = region.right - region.left;
  const endsShort = before.right < region.right - 0.25 * width;
  return endsShort && /[.!?:…]["”’)]?$/.test(before.text);
}

/** The median distance of neighbouring lines of one size, in ems. */
function usualLeading(lines: readonly Line[]): number {
  const distances: number[] = [];
  lines.forEach((line, index) => {
    const before = lines[index - 1];
    if (before?.size !== line.size) return;
    const distance = (line.y - before.y) / line.size;
    if (distance > 0.5 && distance < 2.2) distances.push(distance);
  });
  distances.sort((a, b) => a - b);
  // The lower quartile: in a page of short paragraphs the gaps between them are in the majority.
  return distances[Math.floor(distances.length / 4)] ?? 1.4;
}

function joinLines(text: string, next: string): string {
  if (text.endsWith("\u00ad")) return text.slice(0, -1) + next;
  if (/\p{L}[-\u2010]$/u.test(text) && /^\p{Ll}/u.test(next)) {
    return text.slice(0, -1) + next;
  }
  // Chinese and Japanese lines are joined without a blank.
  if (isIdeographic(text.at(-1)) && isIdeographic(next[0])) return text + next;
  return `${text} ${next}`;
}

function isIdeographic(char: string | undefined): boolean {
  return /[\u3000-\u30ff\u3400-\u9fff\uff00-\uff60]/.test(char ?? "");
}
