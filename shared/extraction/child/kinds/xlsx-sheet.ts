import { scanXml } from "../scan-xml.ts";
import type { SheetRow } from "../sheet-section.ts";
import { showNumber, type NumberFormat } from "./number-format.ts";

interface Cell {
  readonly column: number;
  readonly type: string;
  readonly style: number;
}

/** The rows of a worksheet part that have a value, each as long as its last one. */
export function readSheet(
  xml: string,
  strings: readonly string[],
  formats: readonly NumberFormat[],
): readonly SheetRow[] {
  const rows: SheetRow[] = [];
  let row: string[] = [];
  let number = 0;
  let cell: Cell | undefined;
  let value = "";
  let inValue = false;
  let inPhonetic = false;
  scanXml(xml, {
    onOpen(element, attribute) {
      if (element === "row") {
        row = [];
        number = toRowNumber(attribute("r"), number);
      } else if (element === "c") {
        const column = toColumn(attribute("r"), cell?.column ?? -1);
        const style = Number(attribute("s") ?? 0);
        cell = { column, type: attribute("t") ?? "n", style };
        value = "";
      } else if (element === "v" || element === "t") {
        inValue = true;
      } else if (element === "rPh") {
        inPhonetic = true;
      }
    },
    onText(text) {
      if (inValue && !inPhonetic) value += text;
    },
    onClose(element) {
      if (element === "v" || element === "t") {
        inValue = false;
      } else if (element === "rPh") {
        inPhonetic = false;
      } else if (element === "c" && cell !== undefined) {
        if (value !== "")
          fill(row, cell.column, show(cell, value, strings, formats));
      } else if (element === "row") {
        cell = undefined;
        if (row.some((text) => text !== "")) rows.push({ number, cells: row });
      }
    },
  });
  return rows;
}

const maxColumns = 16_384;

/** A row without a number stands below the one before. */
function toRowNumber(given: string | undefined, before: number): number {
  return /^[1-9]\d{0,6}$/.test(given ?? "") ? Number(given) : before + 1;
}

/** From a cell reference such as `AB12`; a cell without one stands right of the one before. */
function toColumn(reference: string | undefined, before: number): number {
  const letters = /^[A-Z]{1,3}/.exec(reference ?? "")?.[0];
  if (letters === undefined) return Math.min(before + 1, maxColumns - 1);
  let column = 0;
  for (const letter of letters)
    column = column * 26 + letter.charCodeAt(0) - 64;
  return Math.min(column, maxColumns) - 1;
}

function fill(row: string[], column: number, text: string): void {
  while (row.length < column) row.push("");
  row[column] = text;
}

function show(
  { type, style }: Cell,
  value: string,
  strings: readonly string[],
  formats: readonly NumberFormat[],
): string {
  switch (type) {
    case "s":
      return unescapeControls(strings[Number(value)] ?? "");
    case "b":
      return value === "1" ? "TRUE" : "FALSE";
    case "d":
      return value
        .replace("T", " ")
        .replace(/(?: 00:00(?::00)?(?:\.0+)?)?Z?$/, "");
    case "n": {
      const number = Number(value);
      if (Number.isNaN(number)) return value;
      return (formats[style] ?? showNumber)(number);
    }
    // Strings of formulas, inline strings, errors.
    default:
      return unescapeControls(value);
  }
}

/** Excel writes characters that XML cannot hold as `_x000D_`. */
function unescapeControls(text: string): string {
  return text.replace(/_x([0-9A-F]{4})_/gi, (_, hex: string) =>
    String.fromCharCode(parseInt(hex, 16)),
  );
}
