import { takeTables } from "./pdf-tables.ts";
import type { Row, Segment } from "./pdf-layout.ts";

/** Deeper than columns in columns no page is laid out. */
const maxDepth = 3;
/** A column's lines are at least this long on average (characters); shorter ones are cells of a table. */
const leastLineLength = 14;
const leastLines = 3;
/** Where all columns pause for this many ems, the page begins anew below. */
const bandGap = 4;

interface Gutter {
  readonly left: number;
  readonly right: number;
}

/**
 * Cuts rows into regions in reading order, each with one column.
 *
 * A gutter is a strip that hardly any line crosses, with lines of running text on both sides. The few lines that cross
 * it (a title, an abstract, a wide figure's caption) part the page into bands, which are read one after the other.
 */
export function splitColumns(
  rows: readonly Row[],
  depth = 0,
): readonly (readonly Row[])[] {
  const gutter = depth < maxDepth ? findGutter(rows.flat()) : undefined;
  if (gutter === undefined) return rows.length === 0 ? [] : [rows];
  const regions: (readonly Row[])[] = [];
  let left: Row[] = [];
  let right: Row[] = [];
  let across: Row[] = [];
  const flushColumns = (): void => {
    regions.push(...splitColumns(left, depth + 1));
    regions.push(...splitColumns(right, depth + 1));
    left = [];
    right = [];
  };
  const flushAcross = (): void => {
    if (across.length > 0) regions.push(across);
    across = [];
  };
  const tabular = tabularRows(rows);
  rows.forEach((row, index) => {
    const before = rows[index - 1];
    const isAcross =
      tabular.has(row) ||
      row.some((segment) => crosses(segment, gutter)) ||
      (across.length > 0 && continues(row, before));
    if (isAcross) {
      flushColumns();
      across.push(row);
      return;
    }
    flushAcross();
    if (distance(row, before) > bandGap) flushColumns();
    const isLeft = (segment: Segment): boolean => segment.x < gutter.left;
    const leftPart = row.filter(isLeft);
    const rightPart = row.filter((segment) => !isLeft(segment));
    if (leftPart.length > 0) left.push(leftPart);
    if (rightPart.length > 0) right.push(rightPart);
  });
  flushAcross();
  flushColumns();
  return regions;
}

/** The rows of tables with short cells: they are read row by row, whatever the page's columns. */
function tabularRows(rows: readonly Row[]): ReadonlySet<Row> {
  const tabular = new Set<Row>();
  let index = 0;
  for (const part of takeTables(rows)) {
    const partRows = rows.slice(index, index + part.rows.length);
    index += part.rows.length;
    const segments = partRows.flat();
    const isShort = averageLength(segments) < leastLineLength;
    if (part.kind === "table" && isShort) {
      for (const row of partRows) tabular.add(row);
    }
  }
  return tabular;
}

/** Whether `row` is the next line of the full-width paragraph that `before` is a line of. */
function continues(row: Row, before: Row | undefined): boolean {
  const [segment, ...others] = row;
  const [above] = before ?? [];
  if (segment === undefined || above === undefined) return false;
  return (
    others.length === 0 &&
    before?.length === 1 &&
    segment.size === above.size &&
    Math.abs(segment.x - above.x) < segment.size &&
    distance(row, before) < 1.7
  );
}

/** From baseline to baseline, in ems. */
function distance(row: Row, before: Row | undefined): number {
  const [segment] = row;
  const [above] = before ?? [];
  if (segment === undefined || above === undefined) return 0;
  return (segment.y - above.y) / segment.size;
}

function averageLength(segments: readonly Segment[]): number {
  const total = segments.reduce((sum, { text }) => sum + text.length, 0);
  return total / Math.max(1, segments.length);
}

function crosses(segment: Segment, { left, right }: Gutter): boolean {
  return segment.x < (left + right) / 2 && segment.right > (left + right) / 2;
}

/** Looks for the emptiest strip: in steps of one point, how many lines cover it. */
function findGutter(segments: readonly Segment[]): Gutter | undefined {
  if (segments.length < 2 * leastLines) return undefined;
  const start = Math.floor(Math.min(...segments.map(({ x }) => x)));
  const end = Math.ceil(Math.max(...segments.map(({ right }) => right)));
  const width = Math.min(end - start, 20_000);
  const covered = new Int32Array(width + 2);
  for (const { x, right } of segments) {
    const from = clamp(Math.floor(x) - start, width);
    const to = clamp(Math.ceil(right) - start, width);
    covered[from] = (covered[from] ?? 0) + 1;
    covered[to] = (covered[to] ?? 0) - 1;
  }
  const tolerated = Math.floor(segments.length * 0.15);
  const size = median(segments.map((segment) => segment.size));
  let best: (Gutter & { readonly crossing: number }) | undefined;
  let open: number | undefined;
  let worst = 0;
  let count = 0;
  for (let at = 0; at <= width; at += 1) {
    count += covered[at] ?? 0;
    if (count <= tolerated && at < width) {
      open ??= at;
      worst = Math.max(worst, count);
      continue;
    }
    if (open !== undefined) {
      const gutter = { left: start + open, right: start + at, crossing: worst };
      const isWide = at - open >= 0.8 * size;
      const isBetter =
        best === undefined ||
        gutter.crossing < best.crossing ||
        (gutter.crossing === best.crossing &&
          gutter.right - gutter.left > best.right - best.left);
      if (isWide && isBetter && partsText(segments, gutter)) best = gutter;
    }
    open = undefined;
    worst = 0;
  }
  return best;
}

/** Whether running text stands on both sides. */
function partsText(segments: readonly Segment[], gutter: Gutter): boolean {
  const left = segments.filter(({ right }) => right <= gutter.left + 1);
  const right = segments.filter(({ x }) => x >= gutter.right - 1);
  return [left, right].every(
    (side) =>
      side.length >= leastLines &&
      side.length >= segments.length * 0.15 &&
      averageLength(side) >= leastLineLength,
  );
}

function clamp(value: number, most: number): number {
  return Math.max(0, Math.min(value, most));
}

function median(values: readonly number[]): number {
  const sorted = values.toSorted((a, b) => a - b);
  return sorted[Math.floor(sorted.length / 2)] ?? 0;
}
