import msgreader, { type FieldsData } from "@kenjiuno/msgreader";
import iconv from "iconv-lite";
import type { ContainedDocument } from "../extract-document.ts";
import { Unreadable } from "../unreadable.ts";
import { unpackRtf } from "./compressed-rtf.ts";
import { toMailText } from "./mail-text.ts";
import { readRtf } from "./rtf.ts";

/** The package is CommonJS: its default export is a property of what it exports. */
const { default: MsgReader } = msgreader;

/**
 * An item that Outlook saved (MS-OXMSG). What is attached is a part of its own, mails included; pictures that its HTML
 * shows are not.
 *
 * @throws Unreadable
 */
export async function readMsg(bytes: Buffer) {
  const { reader, item } = parse(bytes);
  const plain = item.body ?? "";
  const html = readHtml(item);
  const bodies = { plain, html };
  const date = item.clientSubmitTime ?? item.messageDeliveryTime;
  return toMailText({
    subject: item.subject ?? "",
    people: [
      ["From", toPerson(item.senderName, senderAddress(item))],
      ["To", toPeople(item, "to")],
      ["Cc", toPeople(item, "cc")],
      ["Bcc", toPeople(item, "bcc")],
    ],
    ...(date !== undefined && { date: toIsoDate(date) }),
    ...(plain.trim() === "" && html.trim() === ""
      ? { plain: readPackedRtf(item) }
      : bodies),
    contained: (item.attachments ?? [])
      .filter((attachment) => !isShownInBody(attachment))
      .map((attachment) => toContained(reader, attachment)),
  });
}

function parse(bytes: Buffer) {
  const open = (ansiEncoding?: string) => {
    const reader = new MsgReader(
      new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength),
    );
    if (ansiEncoding !== undefined) reader.parserConfig = { ansiEncoding };
    const item = reader.getFileData();
    // Another compound file that only holds an item somewhere.
    if (item.error !== undefined || item.messageClass === undefined)
      throw new Unreadable("extraction_unsupported");
    return { reader, item };
  };
  const first = open();
  const encoding = encodingOf(first.item.messageCodepage);
  return encoding === undefined ? first : open(encoding);
}

/** Of the strings in items that are not Unicode. */
function encodingOf(codepage = 0): string | undefined {
  const name = codepage === 65001 ? "utf8" : `cp${codepage}`;
  return iconv.encodingExists(name) ? name : undefined;
}

function readHtml({ html, bodyHtml, internetCodepage }: FieldsData): string {
  if (html === undefined) return bodyHtml ?? "";
  return iconv.decode(
    Buffer.from(html),
    encodingOf(internetCodepage) ?? "utf8",
  );
}

function readPackedRtf({ compressedRtf }: FieldsData): string {
  if (compressedRtf === undefined) return "";
  return readRtf(unpackRtf(Buffer.from(compressedRtf)));
}

function senderAddress(item: FieldsData): string | undefined {
  return item.senderSmtpAddress ?? mailAddress(item.senderEmail);
}

function toPeople(item: FieldsData, type: "to" | "cc" | "bcc"): string {
  return (item.recipients ?? [])
    .filter(({ recipType }) => recipType === type)
    .map(({ name, smtpAddress, email }) =>
      toPerson(name, smtpAddress ?? mailAddress(email)),
    )
    .filter((person) => person !== "")
    .join(", ");
}

/** Within an organisation people are addressed by directory paths, which say nothing to a reader. */
function mailAddress(address: string | undefined): string | undefined {
  return address?.includes("@") === true ? address : undefined;
}

function toPerson(name = "", address = ""): string {
  if (address === "" || name === address) return name;
  return name === "" ? address : `${name} <${address}>`;
}

function toIsoDate(date: string): string {
  const ms = Date.parse(date);
  return Number.isNaN(ms) ? date : new Date(ms).toISOString();
}

function isShownInBody(attachment: FieldsData): boolean {
  return (
    attachment.attachmentHidden === true &&
    (attachment.attachMimeTag?.startsWith("image/") ?? false)
  );
}

function toContained(
  reader: InstanceType<typeof MsgReader>,
  attachment: FieldsData,
): ContainedDocument {
  const { contentLength, attachMimeTag, innerMsgContent } = attachment;
  const name = attachment.fileName ?? attachment.name;
  return {
    ...(name !== undefined && { name }),
    ...(contentLength !== undefined &&
      innerMsgContent !== true && { sizeBytes: contentLength }),
    ...(attachMimeTag !== undefined && {
      declaredMediaType: attachMimeTag.toLowerCase(),
    }),
    async bytes() {
      // A picture of an object of another program, or a link: nothing to read.
      if (attachment.dataId === undefined && innerMsgContent !== true)
        throw new Unreadable("extraction_unsupported");
      return Buffer.from(reader.getAttachment(attachment).content);
    },
  };
}
