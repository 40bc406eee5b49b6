import type { Block, Row, Segment } from "./pdf-layout.ts";

type Table = Extract<Block, { readonly kind: "table" }>;
type Part = Table | { readonly kind: "lines"; readonly rows: readonly Row[] };

interface Span {
  readonly x: number;
  readonly right: number;
}

const leastRows = 2;

/** Parts the rows of a region into tables (rows whose gaps stand below each other) and lines. */
export function takeTables(rows: readonly Row[]): readonly Part[] {
  const parts: Part[] = [];
  let lines: Row[] = [];
  const flush = (): void => {
    if (lines.length > 0) parts.push({ kind: "lines", rows: lines });
    lines = [];
  };
  for (let index = 0; index < rows.length;) {
    const table = readTable(rows, index);
    if (table === undefined) {
      const row = rows[index];
      if (row !== undefined) lines.push(row);
      index += 1;
    } else {
      flush();
      parts.push({ kind: "table", rows: table.cells });
      index += table.cells.length;
    }
  }
  flush();
  return parts;
}

/** The table that begins at `start`: the rows below it as long as their segments fall into its columns. */
function readTable(
  rows: readonly Row[],
  start: number,
): { readonly cells: readonly (readonly string[])[] } | undefined {
  const first = rows[start] ?? [];
  if (first.length < 2) return undefined;
  let columns: readonly Span[] = first;
  const cells: string[][] = [first.map(({ text }) => text)];
  for (const row of rows.slice(start + 1)) {
    if (row.length < 2 || isFarBelow(row, rows[start + cells.length - 1]))
      break;
    const places = row.map((segment) => columnOf(segment, columns));
    if (new Set(places).size < row.length || places.includes(-1)) break;
    const cellsOfRow = columns.map(() => "");
    places.forEach((place, index) => {
      cellsOfRow[place] = row[index]?.text ?? "";
    });
    columns = columns.map((column, place) => {
      const segment = row[places.indexOf(place)];
      return segment === undefined ? column : widen(column, segment);
    });
    cells.push(cellsOfRow);
  }
  return cells.length >= leastRows ? { cells } : undefined;
}

function isFarBelow(row: Row, before: Row | undefined): boolean {
  const distance = (row[0]?.y ?? 0) - (before?.[0]?.y ?? 0);
  return distance > 4 * (row[0]?.size ?? 0);
}

/** The one column that the segment overlaps, or -1. */
function columnOf(segment: Segment, columns: readonly Span[]): number {
  let found = -1;
  for (const [index, column] of columns.entries()) {
    const overlaps = segment.x < column.right && segment.right > column.x;
    if (!overlaps) continue;
    if (found >= 0) return -1;
    found = index;
  }
  return found;
}

function widen(column: Span, segment: Segment): Span {
  return {
    x: Math.min(column.x, segment.x),
    right: Math.max(column.right, segment.right),
  };
}
