import { Document, Packer, Paragraph } from "docx";
import { PDFDocument, StandardFonts } from "pdf-lib";
import type { Marker } from "../../../local/leaks/scanner.ts";
import type { SourceText } from "../../../local/leaks/word-runs.ts";

/** One marker per place where content comes in; each is one word that occurs nowhere else, and fits in a URL. */
const markerNames = [
  "query",
  "metadata",
  "pdf",
  "docx",
  "html",
  "text",
  "corrupt",
  "fileName",
  "urlPath",
  "urlQuery",
  "callbackPath",
  "webhookPath",
  "answer",
  "keyPoint",
  "data",
  "missingUrl",
  "brokenUrl",
  "refusedUrl",
  "hangingUrl",
  "missingFile",
  "mimeType",
  "responseHeader",
  "modelError",
  "malformedAnswer",
  "unknownField",
  "malformedJson",
  "overlongField",
  "authorization",
  "requestUrl",
  "note",
  "mail",
  "attachment",
  "attachmentName",
] as const;
export type MarkerName = (typeof markerNames)[number];

export const markers = Object.fromEntries(
  markerNames.map((name, index) => [name, `zqx${name}${7919 + index}wvk`]),
) as Readonly<Record<MarkerName, string>>;

/** What the scanner looks for as a whole. */
export const allMarkers: readonly Marker[] = markerNames.map((name) => ({
  name,
  text: markers[name],
}));

const sentences = {
  query: `Which harbour does the ferry ${markers.query} leave from when the northern pier is closed`,
  pdf: `The ferry ${markers.pdf} leaves from the western harbour while the northern pier is closed for repairs`,
  docx: `Passengers of the ferry ${markers.docx} with bicycles board first and wait on the lower deck until departure`,
  html: `Tickets for the ferry ${markers.html} are sold in the blue kiosk beside the old customs house only`,
  text: `In stormy weather the captain of ${markers.text} may cancel every crossing without any further announcement`,
  mail: `Dear harbour master, the crew of ${markers.mail} asks for a second gangway because the tide runs lower every spring`,
  attachment: `The gangway of ${markers.attachment} must carry forty passengers at once and fold away within two minutes`,
  answer: `According to the timetable the vessel ${markers.answer} departs from the western harbour on all closed days`,
  data: `Whoever travels with ${markers.data} dogs must hold a muzzle ready during the whole of the crossing`,
  keyPoint: `Remember that ${markers.keyPoint} passengers must arrive half an hour before their crossing begins`,
} as const;

export { sentences };

/** Texts of which no eight words may be found. */
export const allSources: readonly SourceText[] = Object.entries(sentences).map(
  ([name, text]) => ({ name: `${name} (words)`, text }),
);

export async function toPdf(text: string): Promise<Uint8Array> {
  const document = await PDFDocument.create();
  const font = await document.embedFont(StandardFonts.Helvetica);
  const page = document.addPage([842, 595]);
  page.drawText(text, { x: 40, y: 500, size: 10, font });
  return document.save();
}

export async function toDocx(text: string): Promise<Uint8Array> {
  const document = new Document({
    sections: [{ children: [new Paragraph(text)] }],
  });
  return Packer.toBuffer(document);
}

export function toHtml(text: string): string {
  const filler = "<p>The ferry runs every day of the year.</p>".repeat(3);
  return `<!doctype html><html><head><title>Ferry</title></head><body><article><h1>Ferry</h1><p>${text}.</p>${filler}</article></body></html>`;
}
