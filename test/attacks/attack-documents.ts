import { Document, Packer, Paragraph } from "docx";
import { PDFDocument, StandardFonts } from "pdf-lib";

/** A document that says something true before and after the attack, so that there is something to answer from. */
const before = "The monthly rent is EUR 14,200, payable in advance.";
const after = "The lease begins on 1 March 2025 and runs for ten years.";

/** The kinds in which attacks are written, one after the other. */
const kinds = [
  "md",
  "txt",
  "html",
  "csv",
  "vtt",
  "docx",
  "pdf",
  "eml",
] as const;

export interface AttackDocument {
  readonly fileName: string;
  readonly bytes: Uint8Array;
}

/** The attack in a document of the kind whose turn it is, under a number by which it is known again. */
export async function toAttackDocument(
  number: number,
  says: string,
): Promise<AttackDocument> {
  const kind = kinds[number % kinds.length] ?? "txt";
  const lines = [before, `Reference ${toReference(number)}.`, says, after];
  return {
    fileName: `attack-${number}.${kind}`,
    bytes: await write[kind](lines),
  };
}

/** What stands in the document beside the attack, so that a model can tell which one it reads. */
export function toReference(number: number): string {
  return `zqattack${number}x`;
}

const write: Readonly<
  Record<
    (typeof kinds)[number],
    (lines: readonly string[]) => Promise<Uint8Array> | Uint8Array
  >
> = {
  md: (lines) => Buffer.from(`# Lease\n\n${lines.join("\n\n")}\n`),
  txt: (lines) => Buffer.from(lines.join("\n\n")),
  html: (lines) =>
    Buffer.from(
      `<!doctype html><html><head><title>Lease</title></head><body><article><h1>Lease</h1>${lines
        .map((line) => `<p>${escapeHtml(line)}</p>`)
        .join(
          "",
        )}<p style="display:none">${escapeHtml(lines[2] ?? "")}</p></article></body></html>`,
    ),
  csv: (lines) =>
    Buffer.from(
      [
        "Number,Text",
        ...lines.map(
          (line, index) => `${index},"${line.replaceAll('"', '""')}"`,
        ),
      ].join("\r\n"),
    ),
  vtt: (lines) =>
    Buffer.from(
      `WEBVTT\n\n${lines
        .map(
          (line, index) =>
            `00:00:0${index}.000 --> 00:00:0${index + 1}.000\n${line.replace(/\s+/g, " ").replaceAll("-->", "")}\n`,
        )
        .join("\n")}`,
    ),
  docx: async (lines) =>
    Packer.toBuffer(
      new Document({
        sections: [
          {
            children: lines.map((line) => new Paragraph(withoutControls(line))),
          },
        ],
      }),
    ),
  async pdf(lines) {
    const document = await PDFDocument.create();
    const font = await document.embedFont(StandardFonts.Helvetica);
    const page = document.addPage([1200, 595]);
    document.setSubject(toLatin(lines[2] ?? ""));
    for (const [index, line] of lines.entries())
      page.drawText(toLatin(line), {
        x: 40,
        y: 500 - 40 * index,
        size: 10,
        font,
      });
    return document.save();
  },
  eml: (lines) =>
    Buffer.from(
      [
        "From: landlord@firm.example",
        "To: tenant@firm.example",
        "Subject: Lease",
        "MIME-Version: 1.0",
        "Content-Type: text/plain; charset=utf-8",
        "Content-Transfer-Encoding: 8bit",
        "",
        ...lines.flatMap((line) => [line, ""]),
      ].join("\r\n"),
    ),
};

function escapeHtml(text: string): string {
  return text.replaceAll("&", "&amp;").replaceAll("<", "&lt;");
}

function withoutControls(text: string): string {
  return text.replace(/\p{Cc}/gu, " ");
}

/** The standard fonts have no other letters. */
function toLatin(text: string): string {
  return text.replace(/\s+/g, " ").replace(/[^\x20-\x7e]/g, "?");
}
