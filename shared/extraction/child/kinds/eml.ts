import PostalMime, {
  type Address,
  type Attachment,
  decodeWords,
} from "postal-mime";
import type { ContainedDocument } from "../extract-document.ts";
import { Unreadable } from "../unreadable.ts";
import { toMailText } from "./mail-text.ts";

/** Deeper parts, and more bytes of header fields, are no mail that a person wrote. */
const limits = { maxNestingDepth: 50, maxHeadersSize: 1 << 20 };

/**
 * A mail as it travels (RFC 5322, MIME). Mails that it forwards are parts of their own, like everything attached;
 * pictures that its HTML shows are not.
 *
 * @throws Unreadable `extraction_encrypted` for a body that only its recipients can open.
 */
export async function readEml(bytes: Buffer) {
  const mail = await PostalMime.parse(withoutEnvelope(bytes), {
    ...limits,
    forceRfc822Attachments: true,
  });
  refuseEncrypted(mail.headers.find(({ key }) => key === "content-type"));
  return toMailText({
    subject: mail.subject ?? "",
    people: [
      ["From", toPeople([mail.from ?? mail.sender])],
      ["To", toPeople(mail.to)],
      ["Cc", toPeople(mail.cc)],
      ["Bcc", toPeople(mail.bcc)],
    ],
    ...(mail.date !== undefined && { date: mail.date }),
    ...(mail.text !== undefined && { plain: mail.text }),
    ...(mail.html !== undefined && { html: mail.html }),
    contained: mail.attachments.filter(isDocument).map(toContained),
  });
}

/** The line that a mailbox file writes above a mail. */
function withoutEnvelope(bytes: Buffer): Buffer {
  if (!/^>?From /.test(bytes.toString("latin1", 0, 6))) return bytes;
  return bytes.subarray(bytes.indexOf("\n") + 1);
}

function refuseEncrypted(type: { readonly value: string } | undefined): void {
  const isEncrypted =
    /^\s*(?:multipart\/encrypted|application\/(?:x-)?pkcs7-mime)/i.test(
      type?.value ?? "",
    ) && !/smime-type="?signed-data/i.test(type?.value ?? "");
  if (isEncrypted) throw new Unreadable("extraction_encrypted");
}

function toPeople(addresses: readonly (Address | undefined)[] = []): string {
  return addresses
    .map((address): string => {
      if (address === undefined) return "";
      if (address.group) return `${address.name}: ${toPeople(address.group)}`;
      const { name, address: mailbox } = address;
      return name === "" || name === mailbox ? mailbox : `${name} <${mailbox}>`;
    })
    .filter((person) => person !== "")
    .join(", ");
}

/** Signatures say nothing to a reader, and the pictures in a body are part of it. */
function isDocument({ mimeType, related }: Attachment): boolean {
  const isSignature =
    /^application\/(?:pgp-signature|(?:x-)?pkcs7-signature)$/.test(mimeType);
  return !isSignature && !(related === true && mimeType.startsWith("image/"));
}

function toContained({
  filename,
  mimeType,
  content,
}: Attachment): ContainedDocument {
  const bytes =
    typeof content === "string"
      ? Buffer.from(content)
      : content instanceof ArrayBuffer
        ? Buffer.from(content)
        : Buffer.from(content.buffer, content.byteOffset, content.byteLength);
  const name =
    filename ?? (mimeType === "message/rfc822" ? subjectOf(bytes) : undefined);
  return {
    ...(name !== undefined && { name }),
    ...(mimeType !== "application/octet-stream" && {
      declaredMediaType: mimeType,
    }),
    sizeBytes: bytes.byteLength,
    bytes: async () => bytes,
  };
}

/** What a forwarded mail is called. */
function subjectOf(mail: Buffer): string | undefined {
  const head = mail.toString("latin1", 0, 16 * 1024);
  const subject = /^subject:[ \t]*(.*(?:\r?\n[ \t].*)*)/im.exec(head)?.[1];
  return subject && decodeWords(subject.replaceAll(/\r?\n[ \t]+/g, " "));
}
