import { unzipSync } from "fflate";
import {
  pdf,
  type Draw,
  xlsx,
  zip,
} from "../../test/shared/extraction/documents.ts";
import { eml, msg } from "../../test/shared/extraction/mails.ts";
import {
  line,
  pptx,
  shape,
} from "../../test/shared/extraction/office-documents.ts";
import { type Story, tellStory, toHtml, toMarkdown } from "./story.ts";
import type { WriteOffice } from "./load-peers.ts";

/** A file of the comparison, and what a reader of it finds there. */
export interface ComparedFile {
  readonly kind: string;
  readonly extension: string;
  readonly bytes: Uint8Array;
  /** In order. */
  readonly words: readonly string[];
  readonly rows: readonly (readonly string[])[];
}

type Write = (
  story: Story,
) => Promise<Uint8Array | string> | Uint8Array | string;

/** Two files of each kind: a short one and a long one. `writeOffice` is a peer's own writer of office formats. */
export async function writeFiles(
  writeOffice: WriteOffice,
): Promise<readonly ComparedFile[]> {
  const office =
    (extension: string): Write =>
    (story) =>
      writeOffice(toMarkdown(story), extension);
  const writers: Readonly<Record<string, Write>> = {
    pdf: writePdf,
    docx: office("docx"),
    xlsx: writeXlsx,
    pptx: writePptx,
    odt: office("odt"),
    ods: writeOds,
    epub: office("epub"),
    rtf: office("rtf"),
    html: (story) =>
      `<!doctype html><html><head><meta charset="utf-8"><title>${story.title}</title></head><body>${toHtml(story)}</body></html>`,
    md: toMarkdown,
    csv: ({ rows }) => `${rows.map((row) => row.join(",")).join("\n")}\n`,
    vtt: writeVtt,
    eml: (story) =>
      eml({ html: toHtml(story), fields: { Subject: story.title } }),
    msg: (story) => msg({ subject: story.title, html: toHtml(story) }),
    zip: (story) => zip({ "report.md": toMarkdown(story) }),
  };
  const files: ComparedFile[] = [];
  for (const [kind, write] of Object.entries(writers))
    for (const number of [1, 8]) {
      const story = tellStory(number);
      const written = await write(story);
      files.push({
        kind,
        extension: kind,
        bytes: typeof written === "string" ? Buffer.from(written) : written,
        ...toTruth(kind, story),
      });
    }
  return files;
}

/** Tables only in what is made for tables; no tables in what has none. */
function toTruth(
  kind: string,
  { title, paragraphs, rows }: Story,
): Pick<ComparedFile, "words" | "rows"> {
  const prose = [title, ...paragraphs];
  const cells = rows.map((row) => row.join(" "));
  switch (kind) {
    case "csv":
    case "xlsx":
    case "ods":
      return { words: toWords(cells), rows };
    case "vtt":
      return { words: toWords(paragraphs), rows: [] };
    default:
      return { words: toWords([...prose, ...cells]), rows };
  }
}

export function toWords(texts: readonly string[]): string[] {
  return texts.join(" ").match(/[\p{L}\p{N}]+/gu) ?? [];
}

async function writePdf({
  title,
  paragraphs,
  rows,
}: Story): Promise<Uint8Array> {
  const lines: ((draw: Draw, y: number) => void)[] = [
    (draw, y) => draw(title, { x: 50, y, size: 20 }),
    ...paragraphs.flatMap((paragraph) => [
      ...wrap(paragraph).map(
        (text) => (draw: Draw, y: number) => draw(text, { x: 50, y }),
      ),
      () => undefined,
    ]),
    ...rows.map(
      (row) => (draw: Draw, y: number) =>
        row.forEach((cell, column) => draw(cell, { x: 50 + column * 150, y })),
    ),
  ];
  const perPage = 48;
  const pages = Array.from(
    { length: Math.ceil(lines.length / perPage) },
    (_, page) => (draw: Draw) =>
      lines
        .slice(page * perPage, (page + 1) * perPage)
        .forEach((write, index) => write(draw, 60 + index * 15)),
  );
  return pdf(...pages);
}

function wrap(text: string): readonly string[] {
  return text.match(/.{1,85}(?:\s|$)/g)?.map((part) => part.trimEnd()) ?? [];
}

function writeXlsx({ rows }: Story): Uint8Array {
  const row = (cells: readonly string[], index: number): string =>
    `<row r="${index + 1}">${cells
      .map((cell, column) => {
        const at = `${"ABC".charAt(column)}${index + 1}`;
        return /^\d+$/.test(cell)
          ? `<c r="${at}"><v>${cell}</v></c>`
          : `<c r="${at}" t="inlineStr"><is><t>${cell}</t></is></c>`;
      })
      .join("")}</row>`;
  return zip({
    ...unzipSync(xlsx({ sheets: { Costs: rows.map(row).join("") } })),
    "[Content_Types].xml": `<Types xmlns="${packages}/content-types"><Default Extension="rels" ContentType="application/vnd.openxmlformats-package.relationships+xml"/><Default Extension="xml" ContentType="application/xml"/><Override PartName="/xl/workbook.xml" ContentType="${workbooks}.sheet.main+xml"/><Override PartName="/xl/worksheets/sheet1.xml" ContentType="${workbooks}.worksheet+xml"/></Types>`,
    "_rels/.rels": `<Relationships xmlns="${packages}/relationships"><Relationship Id="rId1" Type="http://schemas.openxmlformats.org/officeDocument/2006/relationships/officeDocument" Target="xl/workbook.xml"/></Relationships>`,
  });
}

const packages = "http://schemas.openxmlformats.org/package/2006";
const workbooks = "application/vnd.openxmlformats-officedocument.spreadsheetml";

function writeOds({ rows }: Story): Uint8Array {
  const row = (cells: readonly string[]): string =>
    `<table:table-row>${cells.map((cell) => `<table:table-cell office:value-type="string"><text:p>${cell}</text:p></table:table-cell>`).join("")}</table:table-row>`;
  const namespaces = ["office", "table", "text"].map(
    (name) =>
      `xmlns:${name}="urn:oasis:names:tc:opendocument:xmlns:${name}:1.0"`,
  );
  const mediaType = "application/vnd.oasis.opendocument.spreadsheet";
  return zip({
    mimetype: mediaType,
    "content.xml": `<?xml version="1.0" encoding="UTF-8"?><office:document-content ${namespaces.join(" ")} office:version="1.3"><office:body><office:spreadsheet><table:table table:name="Costs">${rows.map(row).join("")}</table:table></office:spreadsheet></office:body></office:document-content>`,
    "META-INF/manifest.xml": `<manifest:manifest xmlns:manifest="urn:oasis:names:tc:opendocument:xmlns:manifest:1.0"><manifest:file-entry manifest:full-path="/" manifest:media-type="${mediaType}"/><manifest:file-entry manifest:full-path="content.xml" manifest:media-type="text/xml"/></manifest:manifest>`,
  });
}

/** A slide for each paragraph, and one for the table. */
function writePptx({ title, paragraphs, rows }: Story): Uint8Array {
  const cell = (text: string): string =>
    `<a:tc><a:txBody><a:bodyPr/>${line(text)}</a:txBody></a:tc>`;
  const table = `<p:graphicFrame><a:graphic><a:graphicData uri="http://schemas.openxmlformats.org/drawingml/2006/table"><a:tbl>${rows.map((row) => `<a:tr>${row.map(cell).join("")}</a:tr>`).join("")}</a:tbl></a:graphicData></a:graphic></p:graphicFrame>`;
  return pptx([
    { shapes: shape('type="title"', line(title)) },
    ...paragraphs.map((text) => ({ shapes: shape('type="body"', line(text)) })),
    { shapes: table },
  ]);
}

function writeVtt({ paragraphs }: Story): string {
  const time = (seconds: number): string =>
    `${String(Math.floor(seconds / 60)).padStart(2, "0")}:${String(seconds % 60).padStart(2, "0")}.000`;
  return [
    "WEBVTT",
    ...paragraphs.map(
      (text, index) => `${time(index * 5)} --> ${time(index * 5 + 5)}\n${text}`,
    ),
    "",
  ].join("\n\n");
}
