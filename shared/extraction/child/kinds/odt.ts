import type { Archive } from "../archive.ts";
import { createMarkdownWriter } from "../markdown-writer.ts";
import { readPart } from "../office-parts.ts";
import { scanXml, type XmlAttributes } from "../scan-xml.ts";
import { Unreadable } from "../unreadable.ts";
import { createOdfText } from "./odf-text.ts";
import { createOdtLists } from "./odt-lists.ts";
import { readOdtStyles, type OdtStyles } from "./odt-styles.ts";

/** An OpenDocument text as Markdown, its notes at the end as `[^1]: …`. */
export async function readOdt(archive: Archive): Promise<string> {
  const content = await readPart(archive, "content.xml");
  if (content === undefined) throw new Unreadable("extraction_corrupt");
  const styles = readOdtStyles([
    (await readPart(archive, "styles.xml")) ?? "",
    content,
  ]);
  const reader = createOdtReader(styles);
  scanXml(content, reader);
  return reader.finish();
}

/** A paragraph or heading that is being read. A text box inside it is read first, so they nest. */
interface Paragraph {
  readonly level: number | undefined;
  readonly outer: string;
}

interface Table {
  readonly rows: string[][];
  /** The paragraphs of the open cell. */
  cell: string[];
  span: number;
}

function createOdtReader(styles: OdtStyles) {
  const writer = createMarkdownWriter();
  const inline = createOdfText();
  const lists = createOdtLists(styles, writer);
  const paragraphs: Paragraph[] = [];
  const tables: Table[] = [];
  const notes: string[] = [];
  let note: { citation: string; texts: string[] } | undefined;
  let isInBody = false;

  const write = (level: number | undefined, text: string): void => {
    const cell = tables.at(-1)?.cell;
    if (note !== undefined) note.texts.push(text);
    else if (cell !== undefined) cell.push(text);
    else if (level !== undefined) writer.heading(level, text);
    else if (lists.isOpen) lists.write(text);
    else writer.paragraph(text);
  };
  const open = (element: string, attribute: XmlAttributes): void => {
    if (element === "p" || element === "h") {
      const level = styles.headingLevel(element, attribute);
      paragraphs.push({ level, outer: inline.take() });
    } else if (element === "note") {
      paragraphs.push({ level: undefined, outer: inline.take() });
      note = { citation: "", texts: [] };
    } else if (element === "table") {
      tables.push({ rows: [], cell: [], span: 1 });
    } else if (tables.length > 0) {
      openTablePart(tables, element, attribute);
    }
    if (tables.length === 0) lists.open(element, attribute);
  };
  const closeNote = (): void => {
    const number = note?.citation.trim() ?? "";
    notes.push(`[^${number}]: ${note?.texts.join(" ") ?? ""}`);
    note = undefined;
    inline.restore(paragraphs.pop()?.outer ?? "");
    inline.add(`[^${number}]`);
  };
  const close = (element: string): void => {
    if (element === "p" || element === "h") {
      const text = inline.take();
      const paragraph = paragraphs.pop();
      inline.restore(paragraph?.outer ?? "");
      write(paragraph?.level, text);
    } else if (element === "note-citation" && note !== undefined) {
      note.citation = inline.take();
    } else if (element === "note" && note !== undefined) {
      closeNote();
    } else if (tables.length > 0) {
      const rows = closeTablePart(tables, element);
      // A table in a cell becomes words of that cell.
      if (rows !== undefined && tables.length > 0) {
        tables.at(-1)?.cell.push(rows.flat().join(" "));
      } else if (rows !== undefined) writer.table(rows);
    }
    if (tables.length === 0) lists.close(element);
  };

  return {
    onOpen(element: string, attribute: XmlAttributes): void {
      if (element === "body") isInBody = true;
      if (isInBody && inline.open(element, attribute)) open(element, attribute);
    },
    onText(text: string): void {
      if (paragraphs.length > 0) inline.addRaw(text);
    },
    onClose(element: string): void {
      if (isInBody && inline.close(element)) close(element);
    },
    finish: () => [writer.text, ...notes].join("\n\n"),
  };
}

const maxSpan = 100;

function openTablePart(
  tables: readonly Table[],
  element: string,
  attribute: XmlAttributes,
): void {
  const table = tables.at(-1);
  if (table === undefined) return;
  if (element === "table-row") table.rows.push([]);
  else if (element === "table-cell" || element === "covered-table-cell") {
    const repeated = Number(attribute("number-columns-repeated") ?? 1);
    table.cell = [];
    table.span = Math.min(Math.max(repeated || 1, 1), maxSpan);
  }
}

/** The rows of the table that `element` ends, if it ends one. */
function closeTablePart(
  tables: Table[],
  element: string,
): readonly (readonly string[])[] | undefined {
  const table = tables.at(-1);
  if (table === undefined) return undefined;
  if (element === "table-cell" || element === "covered-table-cell") {
    const row = table.rows.at(-1);
    const text = table.cell.join(" ");
    for (let copy = 0; copy < table.span; copy += 1) row?.push(text);
  } else if (element === "table") {
    tables.pop();
    return table.rows;
  }
  return undefined;
}
