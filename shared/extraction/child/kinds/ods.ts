import type { Archive } from "../archive.ts";
import type { Section } from "../extract-document.ts";
import { readPart } from "../office-parts.ts";
import { scanXml, type XmlAttributes } from "../scan-xml.ts";
import { type SheetRow, toSheetSection } from "../sheet-section.ts";
import { Unreadable } from "../unreadable.ts";
import { createOdfText } from "./odf-text.ts";

/**
 * An OpenDocument spreadsheet as one table per sheet, in the order of its tabs, hidden sheets included: numbers as they
 * are shown, dates as ISO dates, formulas as their last computed values.
 */
export async function readOds(archive: Archive): Promise<readonly Section[]> {
  const content = await readPart(archive, "content.xml");
  const sections: Section[] = [];
  const reader = createOdsReader((name, rows) => {
    sections.push(toSheetSection(name, rows));
  });
  scanXml(content ?? "", reader);
  if (sections.length === 0) throw new Unreadable("extraction_corrupt");
  return sections;
}

type Rows = readonly SheetRow[];

const maxColumns = 16_384;
/** What repeated cells and rows may grow to, in characters: a short attribute can ask for a million copies. */
const maxSheetChars = 64 << 20;

interface Cell {
  readonly texts: string[];
  readonly repeated: number;
  /** The value where it is shown in another way than the cell's words show it. */
  readonly value: string | undefined;
}

function createOdsReader(onSheet: (name: string, rows: Rows) => void) {
  const inline = createOdfText();
  let name = "";
  let rows: SheetRow[] = [];
  /** How many rows of the sheet were read, empty ones included. */
  let rowCount = 0;
  let row: string[] = [];
  let rowChars = 0;
  let sheetChars = 0;
  let rowRepeated = 1;
  let cell: Cell | undefined;
  /** How many columns of the row were read, empty ones included. */
  let column = 0;
  let depth = 0;

  const open = (element: string, attribute: XmlAttributes): void => {
    if (element === "table") {
      depth += 1;
      if (depth > 1) return;
      name = attribute("name") ?? "";
      rows = [];
      rowCount = 0;
      sheetChars = 0;
    } else if (depth === 1 && element === "table-row") {
      row = [];
      rowChars = 0;
      column = 0;
      rowRepeated = toCount(attribute("number-rows-repeated"));
    } else if (depth === 1 && isCell(element)) {
      const repeated = toCount(attribute("number-columns-repeated"));
      cell = { texts: [], repeated, value: toValue(attribute) };
    } else if (element === "p") {
      inline.take();
    }
  };
  const closeCell = (isCovered: boolean): void => {
    if (cell === undefined) return;
    const text = isCovered ? "" : (cell.value ?? cell.texts.join("\n"));
    const end = Math.min(column + cell.repeated, maxColumns);
    if (text !== "") {
      rowChars += (end - column) * (text.length + 3);
      if (rowChars > maxSheetChars)
        throw new Unreadable("extraction_too_large");
      while (row.length < column) row.push("");
      while (row.length < end) row.push(text);
    }
    column = end;
    cell = undefined;
  };
  const closeRow = (): void => {
    const above = rowCount;
    rowCount += rowRepeated;
    if (row.length === 0) return;
    sheetChars += rowRepeated * (rowChars + row.length);
    if (sheetChars > maxSheetChars)
      throw new Unreadable("extraction_too_large");
    for (let copy = 1; copy <= rowRepeated; copy += 1)
      rows.push({ number: above + copy, cells: row });
    row = [];
  };
  const close = (element: string): void => {
    if (element === "p") cell?.texts.push(inline.take());
    else if (depth === 1 && isCell(element))
      closeCell(element === "covered-table-cell");
    else if (depth === 1 && element === "table-row") closeRow();
    else if (element === "table") {
      depth -= 1;
      if (depth === 0) onSheet(name, rows);
    }
  };

  return {
    onOpen(element: string, attribute: XmlAttributes): void {
      if (inline.open(element, attribute)) open(element, attribute);
    },
    onText(text: string): void {
      if (cell !== undefined) inline.addRaw(text);
    },
    onClose(element: string): void {
      if (inline.close(element)) close(element);
    },
  };
}

function isCell(element: string): boolean {
  return element === "table-cell" || element === "covered-table-cell";
}

function toCount(repeated: string | undefined): number {
  const count = Number(repeated ?? 1);
  return Number.isInteger(count) && count > 0 ? count : 1;
}

/** Dates, times and truth values are shown as those of Excel workbooks are, whatever language the sheet was set in. */
function toValue(attribute: XmlAttributes): string | undefined {
  switch (attribute("value-type")) {
    case "date":
      return attribute("date-value")
        ?.replace("T", " ")
        .replace(/(?: 00:00(?::00)?(?:\.0+)?)?Z?$/, "");
    case "time":
      return toClock(attribute("time-value"));
    case "boolean":
      return attribute("boolean-value")?.toUpperCase();
    default:
      return undefined;
  }
}

/** `PT36H05M00S` as `36:05:00`; undefined for what is no such duration. */
function toClock(duration: string | undefined): string | undefined {
  const parts = /^PT(\d+)H(\d+)M(\d+)(?:[.,]\d+)?S$/.exec(duration ?? "");
  if (parts === null) return undefined;
  const [hours = "", minutes = "", seconds = ""] = parts.slice(1);
  const two = (part: string): string => part.padStart(2, "0");
  return `${Number(hours)}:${two(minutes)}:${two(seconds)}`;
}
