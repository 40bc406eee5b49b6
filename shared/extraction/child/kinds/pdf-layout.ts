import { splitColumns } from "./pdf-columns.ts";
import type { Fragment } from "./pdf-fragments.ts";
import { toParagraphs } from "./pdf-paragraphs.ts";
import { takeTables } from "./pdf-tables.ts";

/** Text without a wide gap, on one line. */
export interface Segment {
  readonly text: string;
  readonly x: number;
  readonly right: number;
  readonly y: number;
  readonly size: number;
}

/** The segments on one baseline, in reading order. */
export type Row = readonly Segment[];

/** A piece of a page in reading order. */
export type Block =
  | { readonly kind: "text"; readonly text: string; readonly size: number }
  | { readonly kind: "table"; readonly rows: readonly (readonly string[])[] };

/**
 * The text of a page in the order a person reads it: columns one after the other, tables row by row, lines joined to
 * paragraphs, turned text last.
 */
export function layoutPage(fragments: readonly Fragment[]): readonly Block[] {
  const level = fragments.filter((fragment) => fragment.isLevel);
  const turned = fragments.filter((fragment) => !fragment.isLevel);
  const blocks = splitColumns(toRows(level)).flatMap((rows) =>
    takeTables(rows).flatMap((part): readonly Block[] =>
      part.kind === "table" ? [part] : toParagraphs(part.rows),
    ),
  );
  const aside = turned
    .map(({ text }) => text.trim())
    .join(" ")
    .trim();
  if (aside !== "") blocks.push({ kind: "text", text: aside, size: 0 });
  return blocks;
}

/** Groups runs of text into lines. A raised or lowered run (a footnote's number) stays on the line it belongs to. */
function toRows(fragments: readonly Fragment[]): readonly Row[] {
  const sorted = fragments
    .filter(({ text }) => text.trim() !== "")
    .toSorted((a, b) => a.y - b.y);
  const groups: Fragment[][] = [];
  let group: Fragment[] = [];
  let baseline = -Infinity;
  let size = 0;
  for (const fragment of sorted) {
    const reach = 0.45 * Math.max(size, fragment.size);
    if (group.length > 0 && fragment.y - baseline > reach) {
      groups.push(group);
      group = [];
      size = 0;
    }
    if (fragment.size > size) {
      size = fragment.size;
      baseline = fragment.y;
    }
    group.push(fragment);
  }
  if (group.length > 0) groups.push(group);
  return groups.map(toSegments);
}

/** A gap of this many ems is wider than any blank, so columns or cells lie on its sides. */
const wideGap = 1.2;
/** A gap of this many ems without a blank is one. */
const blankGap = 0.16;

function toSegments(group: readonly Fragment[]): Row {
  const rtl = group.filter(({ isRtl }) => isRtl).length * 2 > group.length;
  const ordered = group.toSorted((a, b) => a.x - b.x);
  const runs: Fragment[][] = [];
  for (const fragment of ordered) {
    const run = runs.at(-1);
    const before = run?.at(-1);
    const isFar =
      before !== undefined &&
      fragment.x - before.right >
        wideGap * Math.max(before.size, fragment.size);
    if (run === undefined || isFar) runs.push([fragment]);
    else run.push(fragment);
  }
  const segments = runs.map((run) => toSegment(run, rtl));
  return rtl ? segments.toReversed() : segments;
}

function toSegment(run: readonly Fragment[], rtl: boolean): Segment {
  let text = "";
  let before: Fragment | undefined;
  for (const fragment of rtl ? run.toReversed() : run) {
    const gap =
      before === undefined
        ? 0
        : Math.max(fragment.x - before.right, before.x - fragment.right);
    const needsBlank =
      before !== undefined &&
      gap > blankGap * fragment.size &&
      !/\s$/.test(text) &&
      !/^\s/.test(fragment.text);
    text += (needsBlank ? " " : "") + fragment.text;
    before = fragment;
  }
  const main = run.reduce((a, b) => (weight(b) > weight(a) ? b : a));
  return {
    text: text.trim(),
    x: Math.min(...run.map(({ x }) => x)),
    right: Math.max(...run.map(({ right }) => right)),
    y: main.y,
    size: main.size,
  };
}

function weight({ text, size }: Fragment): number {
  return text.length * size;
}
