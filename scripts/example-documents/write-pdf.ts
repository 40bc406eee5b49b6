import {
  PageSizes,
  PDFDocument,
  type PDFFont,
  type PDFPage,
  StandardFonts,
} from "pdf-lib";
import type { Block } from "./blocks.ts";

const margin = 64;
const [pageWidth, pageHeight] = PageSizes.A4;

const styles = {
  title: { size: 20, before: 0, after: 14 },
  heading: { size: 13, before: 12, after: 5 },
  paragraph: { size: 11, before: 0, after: 7 },
} as const;

/** Lays `blocks` out on A4 pages with running footers. The same blocks give the same bytes. */
export async function writePdf(
  blocks: readonly Block[],
  documentTitle: string,
): Promise<Uint8Array> {
  const pdf = await PDFDocument.create();
  pdf.setTitle(documentTitle);
  pdf.setProducer("Nucleus example documents");
  pdf.setCreationDate(new Date(0));
  pdf.setModificationDate(new Date(0));
  const regular = await pdf.embedFont(StandardFonts.Helvetica);
  const bold = await pdf.embedFont(StandardFonts.HelveticaBold);
  const cursor = createCursor(pdf);

  for (const block of blocks) {
    switch (block.kind) {
      case "title":
      case "heading":
        cursor.keepTogether(70);
        cursor.write(block.text, bold, styles[block.kind]);
        break;
      case "paragraph":
        cursor.write(block.text, regular, styles.paragraph);
        break;
      case "list":
        for (const item of block.items)
          cursor.write(item, regular, styles.paragraph, "\u2022");
        break;
      case "table":
        writeTable(block.rows, cursor, regular, bold);
        break;
      default:
        block satisfies never;
    }
  }
  writeFooters(pdf.getPages(), documentTitle, regular);
  return pdf.save({ useObjectStreams: false });
}

type Cursor = ReturnType<typeof createCursor>;

interface Style {
  readonly size: number;
  readonly before: number;
  readonly after: number;
}

function createCursor(pdf: PDFDocument) {
  let page = pdf.addPage(PageSizes.A4);
  let y = pageHeight - margin;

  function need(height: number): void {
    if (y - height >= margin) return;
    page = pdf.addPage(PageSizes.A4);
    y = pageHeight - margin;
  }

  return {
    keepTogether: need,
    write(text: string, font: PDFFont, style: Style, bullet?: string): void {
      const indent = bullet === undefined ? 0 : 16;
      y -= style.before;
      const lines = wrap(
        text,
        font,
        style.size,
        pageWidth - 2 * margin - indent,
      );
      for (const [index, line] of lines.entries()) {
        need(style.size * 1.4);
        y -= style.size * 1.4;
        if (bullet !== undefined && index === 0)
          page.drawText(bullet, { x: margin, y, size: style.size, font });
        page.drawText(line, { x: margin + indent, y, size: style.size, font });
      }
      y -= style.after;
    },
    writeRow(cells: readonly string[], font: PDFFont): void {
      const width = (pageWidth - 2 * margin) / cells.length;
      const wrapped = cells.map((cell) => wrap(cell, font, 10, width - 8));
      const height = Math.max(...wrapped.map((lines) => lines.length)) * 14;
      need(height + 6);
      for (const [column, lines] of wrapped.entries())
        for (const [row, line] of lines.entries())
          page.drawText(line, {
            x: margin + column * width,
            y: y - 14 * (row + 1),
            size: 10,
            font,
          });
      y -= height + 6;
    },
  };
}

function writeTable(
  rows: readonly (readonly string[])[],
  cursor: Cursor,
  regular: PDFFont,
  bold: PDFFont,
): void {
  for (const [index, row] of rows.entries())
    cursor.writeRow(row, index === 0 ? bold : regular);
}

function writeFooters(
  pages: readonly PDFPage[],
  documentTitle: string,
  font: PDFFont,
): void {
  for (const [index, page] of pages.entries())
    page.drawText(`${documentTitle}, page ${index + 1} of ${pages.length}`, {
      x: margin,
      y: 32,
      size: 8,
      font,
    });
}

function wrap(
  text: string,
  font: PDFFont,
  size: number,
  width: number,
): string[] {
  const lines: string[] = [];
  let line = "";
  for (const word of text.split(" ")) {
    const longer = line === "" ? word : `${line} ${word}`;
    if (line !== "" && font.widthOfTextAtSize(longer, size) > width) {
      lines.push(line);
      line = word;
    } else line = longer;
  }
  return [...lines, line];
}
