import { parse } from "csv-parse/sync";
import type { Delimiter } from "../sniff-text.ts";
import { tableLine, tableRule } from "../table.ts";

const maxColumns = 1000;

/**
 * Values separated by `delimiter` as a GFM table with the first record as its header. Records may differ in length and
 * quotes may be wrong: what is there is shown.
 */
export function readCsv(text: string, delimiter: Delimiter): string {
  try {
    return toTableText(text, delimiter, '"');
  } catch {
    // A quote that never closes swallows the rest of the file: then it is only a character.
    return toTableText(text, delimiter, false);
  }
}

function toTableText(
  text: string,
  delimiter: Delimiter,
  quote: '"' | false,
): string {
  const lines: string[] = [];
  let width = 0;
  parse(text, {
    bom: true,
    delimiter,
    quote,
    relax_column_count: true,
    relax_quotes: true,
    skip_empty_lines: true,
    // Records go out as they come, so that only the text is kept.
    on_record: (record: string[]) => {
      const first = lines.length === 0;
      width = first ? Math.min(record.length, maxColumns) : width;
      lines.push(tableLine(foldSurplus(record, width), width));
      if (first) lines.push(tableRule(width));
      return null;
    },
  });
  return lines.join("\n");
}

/** A record with its surplus in its last cell, as a GFM table drops surplus cells. */
function foldSurplus(
  record: readonly string[],
  width: number,
): readonly string[] {
  if (record.length <= width) return record;
  const last = record.slice(width - 1).filter((cell) => cell !== "");
  return [...record.slice(0, width - 1), last.join(" ")];
}
