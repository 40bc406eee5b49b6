import { deflateSync } from "node:zlib";
import {
  Document,
  FootnoteReferenceRun,
  HeadingLevel,
  LevelFormat,
  Packer,
  Paragraph,
  Table,
  TableCell,
  TableRow,
  TextRun,
} from "docx";
import { strToU8, zipSync, type Zippable } from "fflate";
import {
  PDFDocument,
  StandardFonts,
  type PDFFont,
  type PDFPage,
} from "pdf-lib";

/** Documents for the tests of extraction, made of readable input. */

export type Draw = (
  text: string,
  at: { readonly x: number; readonly y: number; readonly size?: number },
) => void;

/** An A4 PDF with one page per function; `y` is counted from the top. */
export async function pdf(
  ...pages: readonly ((draw: Draw) => void)[]
): Promise<Uint8Array> {
  const document = await PDFDocument.create();
  const font = await document.embedFont(StandardFonts.Helvetica);
  for (const fill of pages) fill(drawOn(document.addPage([595, 842]), font));
  return document.save();
}

function drawOn(page: PDFPage, font: PDFFont): Draw {
  return (text, { x, y, size = 11 }) =>
    page.drawText(text, { x, y: 842 - y, size, font });
}

/** A PDF made of raw objects; `objects[0]` is object 1, the catalog. */
export function rawPdf(
  objects: readonly (string | Buffer)[],
  trailer = "",
): Buffer {
  const parts: Buffer[] = [Buffer.from("%PDF-1.7\n")];
  objects.forEach((object, index) => {
    parts.push(
      Buffer.from(`${index + 1} 0 obj\n`),
      Buffer.from(object),
      Buffer.from("\nendobj\n"),
    );
  });
  parts.push(
    Buffer.from(
      `trailer\n<< /Root 1 0 R /Size ${objects.length + 1} ${trailer} >>\n%%EOF\n`,
    ),
  );
  return Buffer.concat(parts);
}

/** A document of one page, whose text is the object that follows. */
export const onePage = [
  "<< /Type /Catalog /Pages 2 0 R >>",
  "<< /Type /Pages /Kids [3 0 R] /Count 1 >>",
  "<< /Type /Page /Parent 2 0 R /MediaBox [0 0 595 842] /Contents 4 0 R >>",
];

/** A packed stream. */
export function pdfStream(bytes: Uint8Array): Buffer {
  const packed = deflateSync(bytes);
  return Buffer.concat([
    Buffer.from(
      `<< /Filter /FlateDecode /Length ${packed.byteLength} >>\nstream\n`,
    ),
    packed,
    Buffer.from("\nendstream"),
  ]);
}

export async function docx(): Promise<Uint8Array> {
  const cell = (text: string): TableCell =>
    new TableCell({ children: [new Paragraph(text)] });
  const item = (text: string, level = 0): Paragraph =>
    new Paragraph({ text, bullet: { level } });
  const step = (text: string): Paragraph =>
    new Paragraph({ text, numbering: { reference: "steps", level: 0 } });
  const document = new Document({
    numbering: {
      config: [
        {
          reference: "steps",
          levels: [{ level: 0, format: LevelFormat.DECIMAL, text: "%1." }],
        },
      ],
    },
    footnotes: {
      1: { children: [new Paragraph("Counted on 31 December.")] },
    },
    sections: [
      {
        children: [
          new Paragraph({ text: "Handbook", heading: HeadingLevel.HEADING_1 }),
          new Paragraph({
            children: [
              new TextRun("The team has "),
              new TextRun({ text: "seven", bold: true }),
              new TextRun(" members"),
              new FootnoteReferenceRun(1),
              new TextRun(" in two_cities."),
            ],
          }),
          new Paragraph({ text: "Duties", heading: HeadingLevel.HEADING_2 }),
          item("Support"),
          item("Phone", 1),
          item("Sales"),
          step("Listen"),
          step("Answer"),
          new Table({
            rows: [
              new TableRow({ children: [cell("Name"), cell("City")] }),
              new TableRow({ children: [cell("Ada"), cell("London | UK")] }),
            ],
          }),
        ],
      },
    ],
  });
  return new Uint8Array(await Packer.toBuffer(document));
}

/** A zip archive of texts and bytes by name. */
export function zip(
  parts: Readonly<Record<string, string | Uint8Array>>,
): Uint8Array {
  const entries: Zippable = {};
  for (const [name, part] of Object.entries(parts)) {
    entries[name] = typeof part === "string" ? strToU8(part) : part;
  }
  return zipSync(entries);
}

interface Packed {
  readonly name: string;
  /** Deflated. */
  readonly bytes: Uint8Array;
  /** What the archive says it inflates to. */
  readonly declaredSize: number;
}

/** A zip archive of entries as they are, true or not. */
export function zipOf(entries: readonly Packed[]): Uint8Array {
  const parts: Buffer[] = [];
  const directory: Buffer[] = [];
  let offset = 0;
  for (const { name, bytes, declaredSize } of entries) {
    // Version 2.0, no flags, deflated, no time, no checksum; sizes, length of the name, no extra field.
    const fields = Buffer.alloc(26);
    fields.writeUInt16LE(20, 0);
    fields.writeUInt16LE(8, 4);
    fields.writeUInt32LE(bytes.byteLength, 14);
    fields.writeUInt32LE(declaredSize, 18);
    fields.writeUInt16LE(name.length, 22);
    const local = [
      Buffer.from("PK\u0003\u0004"),
      fields,
      Buffer.from(name),
      Buffer.from(bytes),
    ];
    const tail = Buffer.alloc(14);
    tail.writeUInt32LE(offset, 10);
    directory.push(
      Buffer.from("PK\u0001\u0002"),
      Buffer.from([20, 0]),
      fields,
      tail,
      Buffer.from(name),
    );
    parts.push(...local);
    offset += local.reduce((sum, part) => sum + part.byteLength, 0);
  }
  const end = Buffer.alloc(18);
  end.writeUInt16LE(entries.length, 4);
  end.writeUInt16LE(entries.length, 6);
  end.writeUInt32LE(Buffer.concat(directory).byteLength, 8);
  end.writeUInt32LE(offset, 12);
  return Buffer.concat([
    ...parts,
    ...directory,
    Buffer.from("PK\u0005\u0006"),
    end,
  ]);
}

const main = "http://schemas.openxmlformats.org/spreadsheetml/2006/main";
const officeRelations =
  "http://schemas.openxmlformats.org/officeDocument/2006/relationships";

export interface Workbook {
  readonly sheets: Readonly<Record<string, string>>;
  readonly strings?: readonly string[];
  /** Number format codes; style n (from 1) has the nth. */
  readonly formats?: readonly string[];
}

/** A workbook: by sheet name, the XML of its rows. */
export function xlsx({
  sheets,
  strings = [],
  formats = [],
}: Workbook): Uint8Array {
  const names = Object.keys(sheets);
  const each = (build: (name: string, number: number) => string): string =>
    names.map((name, index) => build(name, index + 1)).join("");
  const parts: Record<string, string> = {
    "[Content_Types].xml": "<Types/>",
    "xl/workbook.xml": `<workbook xmlns="${main}" xmlns:r="${officeRelations}"><sheets>${each(
      (name, number) =>
        `<sheet name="${name}" sheetId="${number}" r:id="rId${number}"/>`,
    )}</sheets></workbook>`,
    "xl/_rels/workbook.xml.rels": `<Relationships>${each(
      (_, number) =>
        `<Relationship Id="rId${number}" Type="${officeRelations}/worksheet" Target="worksheets/sheet${number}.xml"/>`,
    )}</Relationships>`,
    "xl/sharedStrings.xml": `<sst>${strings.map((text) => `<si><t>${text}</t></si>`).join("")}</sst>`,
    "xl/styles.xml": `<styleSheet><numFmts>${formats
      .map(
        (code, index) =>
          `<numFmt numFmtId="${164 + index}" formatCode="${code}"/>`,
      )
      .join("")}</numFmts><cellXfs><xf numFmtId="0"/>${formats
      .map((_, index) => `<xf numFmtId="${164 + index}"/>`)
      .join("")}</cellXfs></styleSheet>`,
  };
  names.forEach((name, index) => {
    parts[`xl/worksheets/sheet${index + 1}.xml`] =
      `<worksheet><sheetData>${sheets[name] ?? ""}</sheetData></worksheet>`;
  });
  return zip(parts);
}
