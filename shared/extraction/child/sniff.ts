import type { JobHeader } from "../protocol.ts";
import { openArchive } from "./archive.ts";
import { decodeText } from "./decode-text.ts";
import type { ExtractionLimits } from "./extract-document.ts";
import { sniffArchive, type SniffedArchive } from "./sniff-archive.ts";
import { sniffText, type SniffedText } from "./sniff-text.ts";
import { Unreadable } from "./unreadable.ts";

/** What a document is, with what was needed to find out. */
export type Sniffed =
  | {
      readonly kind: "pdf";
      readonly mediaType: "application/pdf";
      readonly bytes: Buffer;
    }
  | {
      readonly kind: "rtf";
      readonly mediaType: "application/rtf";
      readonly bytes: Buffer;
    }
  | SniffedArchive
  | SniffedText;

/** How far into a file its `%PDF-` may stand (ISO 32000 and every reader allow this much). */
const pdfHeaderWindow = 1024;
const compoundFile = Buffer.from("d0cf11e0a1b11ae1", "hex");
const encryptedPackage = Buffer.from("EncryptedPackage", "utf16le");

/**
 * Finds out from its bytes what a document is.
 *
 * @throws Unreadable when it is nothing that text can be read from.
 */
export async function sniff(
  bytes: Buffer,
  header: JobHeader,
  limits: ExtractionLimits,
): Promise<Sniffed> {
  if (bytes.subarray(0, pdfHeaderWindow).includes("%PDF-")) {
    return { kind: "pdf", mediaType: "application/pdf", bytes };
  }
  if (bytes.subarray(0, 4).equals(Buffer.from("PK\u0003\u0004"))) {
    return sniffArchive(await openArchive(bytes, limits.maxUnpackedBytes));
  }
  if (bytes.subarray(0, compoundFile.byteLength).equals(compoundFile)) {
    throw new Unreadable(
      bytes.includes(encryptedPackage)
        ? "extraction_encrypted"
        : "extraction_unsupported",
    );
  }
  if (/^\s*\{\\rtf/.test(bytes.toString("latin1", 0, 16))) {
    return { kind: "rtf", mediaType: "application/rtf", bytes };
  }
  await refuseKnownBinary(bytes);
  return sniffText(await decodeText(bytes), header);
}

/** Formats that could pass for text, such as PostScript, and most that could not. */
async function refuseKnownBinary(bytes: Buffer): Promise<void> {
  // Images, audio and programs show themselves early; `file-type` is not loaded for what starts like text.
  if (/^(?:%!PS|%!FDF)/.test(bytes.toString("latin1", 0, 8))) {
    throw new Unreadable("extraction_unsupported");
  }
  if (!bytes.subarray(0, 512).includes(0)) return;
  const { fileTypeFromBuffer } = await import("file-type");
  if ((await fileTypeFromBuffer(bytes.subarray(0, 4096))) !== undefined) {
    throw new Unreadable("extraction_unsupported");
  }
}
