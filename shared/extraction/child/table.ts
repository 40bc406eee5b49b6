import { toOneLine } from "./text.ts";

/** One line of a GFM table. A pipe in a cell is escaped, a line break becomes a blank. */
export function tableLine(cells: readonly string[], width: number): string {
  let line = "|";
  for (let column = 0; column < width; column += 1) {
    line += ` ${toOneLine(cells[column] ?? "").replaceAll("|", "\\|")} |`;
  }
  return line;
}

/** The line below a table's header. */
export function tableRule(width: number): string {
  return `|${" --- |".repeat(width)}`;
}

/** A GFM table whose header is the first of `rows`. Empty rows and columns are left out; nothing left gives "". */
export function toTable(rows: readonly (readonly string[])[]): string {
  return layTable(rows).lines.join("\n");
}

/** A table, and what of its rows it shows. */
export interface Table {
  readonly lines: readonly string[];
  /** The columns that are shown, from 0. */
  readonly columns: readonly number[];
  /** The positions of the rows that are shown. */
  readonly kept: readonly number[];
}

export function layTable(rows: readonly (readonly string[])[]): Table {
  const used = new Set<number>();
  for (const row of rows) {
    row.forEach((cell, column) => {
      if (cell.trim() !== "") used.add(column);
    });
  }
  const columns = [...used].toSorted((a, b) => a - b);
  const lines: string[] = [];
  const kept: number[] = [];
  for (const [index, row] of rows.entries()) {
    const cells = columns.map((column) => row[column] ?? "");
    if (cells.every((cell) => cell.trim() === "")) continue;
    kept.push(index);
    lines.push(tableLine(cells, columns.length));
    if (lines.length === 1) lines.push(tableRule(columns.length));
  }
  return { lines, columns, kept };
}
