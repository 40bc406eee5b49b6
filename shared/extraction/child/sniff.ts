import type { JobHeader } from "../protocol.ts";
import { openArchive } from "./archive.ts";
import type { Budget } from "./budget.ts";
import { decodeText } from "./decode-text.ts";
import { isMail } from "./is-mail.ts";
import { type PictureHeader, readPictureHeader } from "./picture-header.ts";
import { sniffArchive } from "./sniff-archive.ts";
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
  | {
      readonly kind: "eml";
      readonly mediaType: "message/rfc822";
      readonly bytes: Buffer;
    }
  | {
      readonly kind: "msg";
      readonly mediaType: "application/vnd.ms-outlook";
      readonly bytes: Buffer;
    }
  | {
      readonly kind: "picture";
      readonly mediaType: PictureHeader["mediaType"];
      readonly bytes: Buffer;
      readonly header: PictureHeader;
    }
  | Awaited<ReturnType<typeof sniffArchive>>
  | SniffedText;

/** How far into a file its `%PDF-` may stand (ISO 32000 and every reader allow this much). */
const pdfHeaderWindow = 1024;
const compoundFile = Buffer.from("d0cf11e0a1b11ae1", "hex");
const encryptedPackage = Buffer.from("EncryptedPackage", "utf16le");
/** The stream of every item that Outlook saves (MS-OXMSG, 2.4). */
const outlookProperties = Buffer.from("__properties_version1.0", "utf16le");

/**
 * Finds out from its bytes what a document is.
 *
 * @throws Unreadable when it is nothing that text can be read from.
 */
export async function sniff(
  bytes: Buffer,
  header: JobHeader,
  unpacked: Budget,
): Promise<Sniffed> {
  if (bytes.subarray(0, pdfHeaderWindow).includes("%PDF-")) {
    return { kind: "pdf", mediaType: "application/pdf", bytes };
  }
  if (bytes.subarray(0, 4).equals(Buffer.from("PK\u0003\u0004"))) {
    return sniffArchive(await openArchive(bytes, unpacked), unpacked);
  }
  if (bytes.subarray(0, compoundFile.byteLength).equals(compoundFile)) {
    if (bytes.includes(encryptedPackage))
      throw new Unreadable("extraction_encrypted");
    if (!bytes.includes(outlookProperties))
      throw new Unreadable("extraction_unsupported");
    return { kind: "msg", mediaType: "application/vnd.ms-outlook", bytes };
  }
  if (/^\s*\{\\rtf/.test(bytes.toString("latin1", 0, 16))) {
    return { kind: "rtf", mediaType: "application/rtf", bytes };
  }
  const picture = readPictureHeader(bytes);
  if (picture !== undefined) {
    const { mediaType } = picture;
    return { kind: "picture", mediaType, bytes, header: picture };
  }
  if (isMail(bytes, header)) {
    return { kind: "eml", mediaType: "message/rfc822", bytes };
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
