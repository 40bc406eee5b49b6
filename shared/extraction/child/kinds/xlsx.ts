import type { Archive } from "../archive.ts";
import type { Section } from "../extract-document.ts";
import { readPart, readRelations } from "../office-parts.ts";
import { scanXml } from "../scan-xml.ts";
import { toSheetSection } from "../sheet-section.ts";
import { Unreadable } from "../unreadable.ts";
import { readSheet } from "./xlsx-sheet.ts";
import { toNumberFormat, type NumberFormat } from "./number-format.ts";

/**
 * A workbook as one table per sheet, in the order of its tabs, hidden sheets included: numbers as their format shows
 * them, dates as ISO dates, formulas as their last computed values.
 *
 * Own code over a library, because the ones that read `.xlsx` drop the number formats, refuse a whole workbook for one
 * odd cell, or inflate archives by themselves, uncounted.
 */
export async function readXlsx(archive: Archive): Promise<readonly Section[]> {
  const workbook = await readPart(archive, "xl/workbook.xml");
  const sheets: { name: string; relationId: string }[] = [];
  let uses1904 = false;
  scanXml(workbook ?? "", {
    onOpen(element, attribute) {
      if (element === "sheet") {
        const name = attribute("name") ?? "";
        sheets.push({ name, relationId: attribute("id") ?? "" });
      } else if (element === "workbookPr") {
        uses1904 = /^(?:1|true|on)$/.test(attribute("date1904") ?? "");
      }
    },
    onClose() {},
  });
  if (sheets.length === 0) throw new Unreadable("extraction_corrupt");

  const relations = await readRelations(archive, "xl/workbook.xml");
  const partOf = (type: string, fallback: string): string =>
    relations.find((relation) => relation.type === type)?.target ?? fallback;
  const strings = readStrings(
    await readPart(archive, partOf("sharedStrings", "xl/sharedStrings.xml")),
  );
  const formats = readFormats(
    await readPart(archive, partOf("styles", "xl/styles.xml")),
    uses1904,
  );

  const sections: Section[] = [];
  for (const { name, relationId } of sheets) {
    const relation = relations.find(({ id }) => id === relationId);
    // A chart sheet has no cells.
    if (relation !== undefined && relation.type !== "worksheet") continue;
    const xml = relation && (await readPart(archive, relation.target));
    if (xml === undefined) throw new Unreadable("extraction_corrupt");
    const rows = readSheet(xml, strings, formats);
    sections.push(toSheetSection(name, rows));
  }
  return sections;
}

/** The shared strings; the runs of a rich text are joined, phonetic hints left out. */
function readStrings(xml: string | undefined): readonly string[] {
  const strings: string[] = [];
  let current = "";
  let inText = false;
  let inPhonetic = false;
  scanXml(xml ?? "", {
    onOpen(element) {
      if (element === "si") current = "";
      else if (element === "t") inText = true;
      else if (element === "rPh") inPhonetic = true;
    },
    onText(text) {
      if (inText && !inPhonetic) current += text;
    },
    onClose(element) {
      if (element === "si") strings.push(current);
      else if (element === "t") inText = false;
      else if (element === "rPh") inPhonetic = false;
    },
  });
  return strings;
}

/** The number format of each cell style. */
function readFormats(
  xml: string | undefined,
  uses1904: boolean,
): readonly NumberFormat[] {
  const codes = new Map<number, string>();
  const formats: NumberFormat[] = [];
  let inCellStyles = false;
  scanXml(xml ?? "", {
    onOpen(element, attribute) {
      if (element === "numFmt") {
        codes.set(
          Number(attribute("numFmtId")),
          attribute("formatCode") ?? "General",
        );
      } else if (element === "cellXfs") {
        inCellStyles = true;
      } else if (element === "xf" && inCellStyles) {
        const id = Number(attribute("numFmtId") ?? 0);
        formats.push(toNumberFormat(id, codes.get(id), uses1904));
      }
    },
    onClose(element) {
      if (element === "cellXfs") inCellStyles = false;
    },
  });
  return formats;
}
