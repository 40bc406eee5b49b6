import { neutralizeMarks } from "../marks.ts";
import type { JobHeader, ResultHeader } from "../protocol.ts";
import { sniff, type Sniffed } from "./sniff.ts";
import { countWords, inPieces, tidyText } from "./text.ts";
import { Unreadable } from "./unreadable.ts";

/** A part of a document's text, below its location mark if it has one. */
export interface Section {
  readonly mark?: string;
  readonly text: string;
}

export interface ExtractionLimits {
  /** For all inflated parts of an archive together, and for the text that comes out. */
  readonly maxUnpackedBytes: number;
}

interface Extraction extends ResultHeader {
  /** The Markdown as UTF-8, in pieces. */
  readonly sections: readonly Buffer[];
}

/**
 * The document in `bytes` as Markdown.
 *
 * @throws Unreadable with the reason; anything else a library throws means that the document is damaged.
 */
export async function extractDocument(
  bytes: Buffer,
  header: JobHeader,
  limits: ExtractionLimits,
): Promise<Extraction> {
  if (bytes.byteLength === 0) throw new Unreadable("extraction_empty");
  const sniffed = await sniff(bytes, header, limits);
  const sections = await readSections(sniffed);

  let words = 0;
  let size = 0;
  const encoded: Buffer[] = [];
  const add = (text: string): void => {
    const piece = Buffer.from(text);
    size += piece.byteLength;
    if (size > limits.maxUnpackedBytes) {
      throw new Unreadable("extraction_too_large");
    }
    encoded.push(piece);
  };
  sections.forEach(({ mark, text }, index) => {
    const lead = index === 0 ? "" : "\n";
    if (mark !== undefined) add(`${lead}${mark}\n\n`);
    for (const { piece, isParagraph } of inPieces(text)) {
      const tidy = neutralizeMarks(tidyText(piece));
      words += countWords(tidy);
      if (tidy !== "") add(`${tidy}\n${isParagraph ? "\n" : ""}`);
    }
  });
  if (words === 0) throw new Unreadable("extraction_empty");
  const hasPages =
    sections[0]?.mark !== undefined && sniffed.kind !== "subtitles";
  const pages = hasPages ? sections.length : undefined;
  return {
    mediaType: sniffed.mediaType,
    words,
    ...(pages === undefined ? {} : { pages }),
    sections: encoded,
  };
}

/** Each kind's library is loaded when the first document of that kind comes. */
async function readSections(sniffed: Sniffed): Promise<readonly Section[]> {
  switch (sniffed.kind) {
    case "pdf": {
      const { readPdf } = await import("./kinds/pdf.ts");
      return readPdf(sniffed.bytes);
    }
    case "docx": {
      const { readDocx } = await import("./kinds/docx.ts");
      return [{ text: await readDocx(sniffed.archive) }];
    }
    case "xlsx": {
      const { readXlsx } = await import("./kinds/xlsx.ts");
      return readXlsx(sniffed.archive);
    }
    case "pptx": {
      const { readPptx } = await import("./kinds/pptx.ts");
      return readPptx(sniffed.archive);
    }
    case "odt": {
      const { readOdt } = await import("./kinds/odt.ts");
      return [{ text: await readOdt(sniffed.archive) }];
    }
    case "ods": {
      const { readOds } = await import("./kinds/ods.ts");
      return readOds(sniffed.archive);
    }
    case "epub": {
      const { readEpub } = await import("./kinds/epub.ts");
      return readEpub(sniffed.archive);
    }
    case "html": {
      const { readHtml } = await import("./kinds/html.ts");
      return [{ text: await readHtml(sniffed.text) }];
    }
    case "rtf": {
      const { readRtf } = await import("./kinds/rtf.ts");
      return [{ text: readRtf(sniffed.bytes) }];
    }
    case "subtitles": {
      const { readSubtitles } = await import("./kinds/subtitles.ts");
      return readSubtitles(sniffed.text);
    }
    case "csv": {
      const { readCsv } = await import("./kinds/csv.ts");
      return [{ text: readCsv(sniffed.text, sniffed.delimiter) }];
    }
    case "json": {
      const { toPathLines } = await import("./kinds/json.ts");
      return [{ text: toPathLines(sniffed.value) }];
    }
    case "text":
      return [{ text: sniffed.text }];
    default:
      return sniffed satisfies never;
  }
}
