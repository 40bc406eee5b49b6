import { cellsMark, sheetMark } from "../marks.ts";
import type { Section } from "./extract-document.ts";
import { layTable } from "./table.ts";

/** A row of a sheet, by its number from 1. */
export interface SheetRow {
  readonly number: number;
  readonly cells: readonly string[];
}

/** A sheet as a table, below its name and a line that says which cells the table shows. */
export function toSheetSection(
  name: string,
  rows: readonly SheetRow[],
): Section {
  const { lines, columns, kept } = layTable(rows.map(({ cells }) => cells));
  const [first, last] = [columns[0], columns.at(-1)];
  const cells =
    first === undefined || last === undefined
      ? undefined
      : cellsMark({
          first,
          last,
          rows: kept.map((index) => rows[index]?.number ?? 0),
        });
  return {
    mark: [sheetMark(name), ...(cells === undefined ? [] : [cells])].join("\n"),
    text: lines.join("\n"),
  };
}
