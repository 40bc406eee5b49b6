import {
  Document,
  HeadingLevel,
  Packer,
  Paragraph,
  Table,
  TableCell,
  TableRow,
  WidthType,
} from "docx";
import { unzipSync, zipSync } from "fflate";
import type { Block } from "./blocks.ts";

/** `blocks` as a Word document. The same blocks give the same bytes. */
export async function writeDocx(
  blocks: readonly Block[],
  documentTitle: string,
): Promise<Uint8Array> {
  const document = new Document({
    title: documentTitle,
    creator: "Nucleus example documents",
    sections: [{ children: blocks.flatMap(toWord) }],
  });
  return withFixedTimes(await Packer.toBuffer(document));
}

function toWord(block: Block): (Paragraph | Table)[] {
  if (block.kind === "table") return [toWordTable(block.rows)];
  if (block.kind === "list")
    return block.items.map(
      (text) => new Paragraph({ text, bullet: { level: 0 } }),
    );
  const { kind, text } = block;
  if (kind === "paragraph")
    return [new Paragraph({ text, spacing: { after: 120 } })];
  const heading =
    kind === "title" ? HeadingLevel.HEADING_1 : HeadingLevel.HEADING_2;
  return [new Paragraph({ text, heading })];
}

function toWordTable(rows: readonly (readonly string[])[]): Table {
  return new Table({
    width: { size: 100, type: WidthType.PERCENTAGE },
    rows: rows.map(
      (cells, index) =>
        new TableRow({
          tableHeader: index === 0,
          children: cells.map(
            (text) => new TableCell({ children: [new Paragraph({ text })] }),
          ),
        }),
    ),
  });
}

/** Packs again with times of 1980, so that a second run changes nothing in the repository. */
function withFixedTimes(archive: Uint8Array): Uint8Array {
  const entries = unzipSync(archive);
  const core = entries["docProps/core.xml"];
  if (core !== undefined)
    entries["docProps/core.xml"] = Buffer.from(
      Buffer.from(core)
        .toString("utf8")
        .replaceAll(
          />\d{4}-\d\d-\d\dT[\d:.]+Z</g,
          ">1980-01-01T00:00:00.000Z<",
        ),
    );
  return zipSync(entries, { mtime: new Date(1980, 0, 1), level: 9 });
}
