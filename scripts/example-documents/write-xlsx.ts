import { strToU8, zipSync } from "fflate";
import type { Sheet } from "./budget-workbook.ts";

const spreadsheetNamespace =
  "http://schemas.openxmlformats.org/spreadsheetml/2006/main";
const relationshipsNamespace =
  "http://schemas.openxmlformats.org/officeDocument/2006/relationships";
const packageRelationships =
  "http://schemas.openxmlformats.org/package/2006/relationships";
const contentType = "application/vnd.openxmlformats-officedocument";

/** The sheets as an Office Open XML workbook, the first row of each in bold. The same sheets give the same bytes. */
export function writeXlsx(sheets: readonly Sheet[]): Uint8Array {
  const entries: Record<string, string> = {
    "[Content_Types].xml": contentTypes(sheets.length),
    "_rels/.rels": relationships([
      `${relationshipsNamespace}/officeDocument|xl/workbook.xml`,
    ]),
    "xl/workbook.xml": workbook(sheets),
    "xl/_rels/workbook.xml.rels": relationships([
      ...sheets.map(
        (_, index) =>
          `${relationshipsNamespace}/worksheet|worksheets/sheet${index + 1}.xml`,
      ),
      `${relationshipsNamespace}/styles|styles.xml`,
    ]),
    "xl/styles.xml": styles(),
  };
  for (const [index, sheet] of sheets.entries())
    entries[`xl/worksheets/sheet${index + 1}.xml`] = worksheet(sheet);
  return zipSync(
    Object.fromEntries(
      Object.entries(entries).map(([path, xml]) => [
        path,
        strToU8(`<?xml version="1.0" encoding="UTF-8"?>${xml}`),
      ]),
    ),
    { mtime: new Date(1980, 0, 1), level: 9 },
  );
}

function contentTypes(sheetCount: number): string {
  const overrides = Array.from(
    { length: sheetCount },
    (_, index) =>
      `<Override PartName="/xl/worksheets/sheet${index + 1}.xml" ContentType="${contentType}.spreadsheetml.worksheet+xml"/>`,
  ).join("");
  return `<Types xmlns="http://schemas.openxmlformats.org/package/2006/content-types"><Default Extension="rels" ContentType="application/vnd.openxmlformats-package.relationships+xml"/><Default Extension="xml" ContentType="application/xml"/><Override PartName="/xl/workbook.xml" ContentType="${contentType}.spreadsheetml.sheet.main+xml"/><Override PartName="/xl/styles.xml" ContentType="${contentType}.spreadsheetml.styles+xml"/>${overrides}</Types>`;
}

function relationships(typesAndTargets: readonly string[]): string {
  const items = typesAndTargets.map((entry, index) => {
    const [type, target] = entry.split("|");
    return `<Relationship Id="rId${index + 1}" Type="${type}" Target="${target}"/>`;
  });
  return `<Relationships xmlns="${packageRelationships}">${items.join("")}</Relationships>`;
}

function workbook(sheets: readonly Sheet[]): string {
  const items = sheets.map(
    (sheet, index) =>
      `<sheet name="${escapeXml(sheet.name)}" sheetId="${index + 1}" r:id="rId${index + 1}"/>`,
  );
  return `<workbook xmlns="${spreadsheetNamespace}" xmlns:r="${relationshipsNamespace}"><sheets>${items.join("")}</sheets></workbook>`;
}

function styles(): string {
  return `<styleSheet xmlns="${spreadsheetNamespace}"><fonts count="2"><font><sz val="11"/><name val="Calibri"/></font><font><b/><sz val="11"/><name val="Calibri"/></font></fonts><fills count="1"><fill><patternFill patternType="none"/></fill></fills><borders count="1"><border/></borders><cellStyleXfs count="1"><xf/></cellStyleXfs><cellXfs count="2"><xf/><xf fontId="1" applyFont="1"/></cellXfs></styleSheet>`;
}

function worksheet(sheet: Sheet): string {
  const rows = sheet.rows.map((cells, row) => {
    const columns = cells.map((value, column) =>
      cell(
        value,
        `${String.fromCharCode(65 + column)}${row + 1}`,
        row === 0 ? 1 : 0,
      ),
    );
    return `<row r="${row + 1}">${columns.join("")}</row>`;
  });
  return `<worksheet xmlns="${spreadsheetNamespace}"><sheetData>${rows.join("")}</sheetData></worksheet>`;
}

function cell(value: string | number, address: string, style: number): string {
  return typeof value === "number"
    ? `<c r="${address}" s="${style}"><v>${value}</v></c>`
    : `<c r="${address}" s="${style}" t="inlineStr"><is><t>${escapeXml(value)}</t></is></c>`;
}

function escapeXml(text: string): string {
  return text
    .replaceAll("&", "&amp;")
    .replaceAll("<", "&lt;")
    .replaceAll('"', "&quot;");
}
