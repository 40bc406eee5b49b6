import type { ContainedDocument, Section } from "./extract-document.ts";
import type { OpenOcr } from "./open-ocr.ts";
import type { Sniffed } from "./sniff.ts";
import { Unreadable } from "./unreadable.ts";

export interface ReadDocument {
  readonly sections: readonly Section[];
  readonly contained?: readonly ContainedDocument[];
}

/** The text of a document by its kind. Each kind's library is loaded when the first document of that kind comes. */
export async function readDocument(
  sniffed: Sniffed,
  openOcr: OpenOcr,
): Promise<ReadDocument> {
  switch (sniffed.kind) {
    case "eml": {
      const { readEml } = await import("./kinds/eml.ts");
      return readEml(sniffed.bytes);
    }
    case "msg": {
      const { readMsg } = await import("./kinds/msg.ts");
      return readMsg(sniffed.bytes);
    }
    case "zip": {
      const { readZip } = await import("./kinds/zip.ts");
      return readZip(sniffed.archive);
    }
    default:
      return { sections: await readSections(sniffed, openOcr) };
  }
}

type SingleDocument = Exclude<
  Sniffed,
  { readonly kind: "eml" | "msg" | "zip" }
>;

async function readSections(
  sniffed: SingleDocument,
  openOcr: OpenOcr,
): Promise<readonly Section[]> {
  switch (sniffed.kind) {
    case "pdf": {
      const { readPdf } = await import("./kinds/pdf.ts");
      return readPdf(sniffed.bytes, await openOcr());
    }
    case "picture": {
      const ocr = await openOcr();
      if (ocr === undefined) throw new Unreadable("extraction_ocr_off");
      const { readPicture } = await import("./kinds/picture.ts");
      return readPicture(sniffed.bytes, sniffed.header, ocr);
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
