import { neutralizeMarks } from "../marks.ts";
import type { DocumentHeader, JobHeader } from "../protocol.ts";
import type { Budget } from "./budget.ts";
import type { OpenOcr } from "./open-ocr.ts";
import { readDocument } from "./read-document.ts";
import { sniff } from "./sniff.ts";
import { countWords, inPieces, tidyText } from "./text.ts";
import { Unreadable } from "./unreadable.ts";

/** A part of a document's text, below its location mark if it has one. */
export interface Section {
  readonly mark?: string;
  readonly text: string;
}

/** A document inside another, not read yet. */
export interface ContainedDocument {
  readonly name?: string;
  /** What the container says it is. */
  readonly declaredMediaType?: string;
  readonly sizeBytes?: number;
  /** @throws Unreadable with the reason why there are none. */
  bytes(): Promise<Buffer>;
}

/** What may still come out of the artifact, its parts included, and whether pictures are read. */
export interface ExtractionLimits {
  /** What archives inflate to. */
  readonly unpacked: Budget;
  /** The text. */
  readonly text: Budget;
  readonly openOcr: OpenOcr;
}

interface Extraction extends DocumentHeader {
  /** The Markdown as UTF-8, in pieces. */
  readonly sections: readonly Buffer[];
  readonly contained: readonly ContainedDocument[];
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
  const sniffed = await sniff(bytes, header, limits.unpacked);
  const { sections, contained = [] } = await readDocument(
    sniffed,
    limits.openOcr,
  );

  let words = 0;
  const encoded: Buffer[] = [];
  const add = (text: string): void => {
    const piece = Buffer.from(text);
    limits.text.spend(piece.byteLength);
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
    contained,
  };
}
