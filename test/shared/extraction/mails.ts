import { burn, type Entry } from "@kenjiuno/msgreader/lib/Burner.js";

/** Mails for the tests of extraction, made of readable input. */

export interface Attached {
  readonly name?: string;
  readonly type: string;
  readonly bytes: Uint8Array | string;
  /** Header fields of the part beside those that every attachment has. */
  readonly fields?: Readonly<Record<string, string>>;
}

interface MailContent {
  readonly fields?: Readonly<Record<string, string>>;
  readonly plain?: string;
  readonly html?: string;
  readonly attached?: readonly Attached[];
}

const crlf = (text: string): string => text.replaceAll(/\r?\n/g, "\r\n");

/** A mail as it travels. */
export function eml({
  fields = {},
  plain,
  html,
  attached = [],
}: MailContent): string {
  const bodies = [
    ...(plain === undefined ? [] : [textPart("plain", plain)]),
    ...(html === undefined ? [] : [textPart("html", html)]),
  ];
  const body =
    bodies.length === 1 ? bodies[0] : multipart("alternative", bodies);
  const whole =
    attached.length === 0
      ? (body ?? "")
      : multipart("mixed", [body ?? "", ...attached.map(attachedPart)]);
  const head = Object.entries({
    From: "Ada Lovelace <ada@example.com>",
    To: "Bob <bob@example.com>",
    Date: "Mon, 1 Mar 2027 10:00:00 +0100",
    "Message-ID": "<1@example.com>",
    "MIME-Version": "1.0",
    ...fields,
  }).map(([name, value]) => `${name}: ${value}\n`);
  return crlf(head.join("") + whole);
}

function textPart(subtype: string, text: string): string {
  return `Content-Type: text/${subtype}; charset=utf-8\nContent-Transfer-Encoding: base64\n\n${base64(text)}\n`;
}

function attachedPart({ name, type, bytes, fields = {} }: Attached): string {
  const more = Object.entries(fields).map(
    ([key, value]) => `${key}: ${value}\n`,
  );
  const file = name === undefined ? "" : `; filename="${name}"`;
  return `Content-Type: ${type}\nContent-Disposition: attachment${file}\nContent-Transfer-Encoding: base64\n${more.join("")}\n${base64(bytes)}\n`;
}

let boundaries = 0;

function multipart(subtype: string, parts: readonly string[]): string {
  boundaries += 1;
  const boundary = `boundary-${boundaries}`;
  const framed = parts.map((part) => `--${boundary}\n${part}\n`);
  return `Content-Type: multipart/${subtype}; boundary="${boundary}"\n\n${framed.join("")}--${boundary}--\n`;
}

function base64(bytes: Uint8Array | string): string {
  return Buffer.from(bytes).toString("base64").replaceAll(/.{76}/g, "$&\n");
}

interface OutlookItem {
  readonly subject: string;
  readonly sender?: readonly [name: string, address: string];
  readonly to?: readonly (readonly [name: string, address: string])[];
  readonly body?: string;
  /** In the code page 65001. */
  readonly html?: string;
  /** As it is stored. */
  readonly compressedRtf?: Uint8Array;
  readonly sentAt?: Date;
  readonly attached?: readonly (
    | {
        readonly name: string;
        readonly type?: string;
        readonly bytes: Uint8Array;
      }
    | { readonly name: string; readonly item: OutlookItem }
  )[];
}

/** An item as Outlook saves it: a compound file of property streams (MS-OXMSG). */
export function msg(item: OutlookItem): Uint8Array {
  const entries: Entry[] = [
    { name: "Root Entry", type: 5, length: 0, children: [] },
  ];
  addItem(entries, 0, item, 32);
  return burn(entries);
}

function addItem(
  entries: Entry[],
  folder: number,
  item: OutlookItem,
  headerBytes: number,
): void {
  const { subject, sender, to = [], body, html, sentAt, attached = [] } = item;
  const strings: [string, string | undefined][] = [
    ["001A", "IPM.Note"],
    ["0037", subject],
    ["0C1A", sender?.[0]],
    ["5D01", sender?.[1]],
    ["1000", body],
  ];
  for (const [id, text] of strings)
    if (text !== undefined) addString(entries, folder, id, text);
  if (html !== undefined)
    addStream(entries, folder, "__substg1.0_10130102", Buffer.from(html));
  if (item.compressedRtf !== undefined)
    addStream(entries, folder, "__substg1.0_10090102", item.compressedRtf);
  addStream(
    entries,
    folder,
    "__properties_version1.0",
    properties(headerBytes, [
      ["3FDE0003", 65001],
      ...(sentAt === undefined
        ? []
        : [["00390040", toFileTime(sentAt)] as const]),
    ]),
  );
  to.forEach(([name, address], index) => {
    const recipient = addFolder(
      entries,
      folder,
      `__recip_version1.0_#0000000${index}`,
    );
    addString(entries, recipient, "3001", name);
    addString(entries, recipient, "39FE", address);
    addStream(
      entries,
      recipient,
      "__properties_version1.0",
      properties(8, [["0C150003", 1]]),
    );
  });
  attached.forEach((attachment, index) => {
    const place = addFolder(
      entries,
      folder,
      `__attach_version1.0_#0000000${index}`,
    );
    addString(entries, place, "3707", attachment.name);
    const isItem = "item" in attachment;
    addStream(
      entries,
      place,
      "__properties_version1.0",
      properties(8, [["37050003", isItem ? 5 : 1]]),
    );
    if (isItem) {
      const inner = addFolder(entries, place, "__substg1.0_3701000D");
      addItem(entries, inner, attachment.item, 24);
    } else {
      addStream(entries, place, "__substg1.0_37010102", attachment.bytes);
      if (attachment.type !== undefined)
        addString(entries, place, "370E", attachment.type);
    }
  });
}

function addString(
  entries: Entry[],
  folder: number,
  id: string,
  text: string,
): void {
  addStream(
    entries,
    folder,
    `__substg1.0_${id}001F`,
    Buffer.from(text, "utf16le"),
  );
}

function addStream(
  entries: Entry[],
  folder: number,
  name: string,
  bytes: Uint8Array,
): void {
  addEntry(entries, folder, {
    name,
    type: 2,
    length: bytes.byteLength,
    // The writer takes the whole of the buffer below.
    binaryProvider: () => new Uint8Array(bytes),
  });
}

function addFolder(entries: Entry[], folder: number, name: string): number {
  return addEntry(entries, folder, { name, type: 1, length: 0, children: [] });
}

function addEntry(entries: Entry[], folder: number, entry: Entry): number {
  entries.push(entry);
  entries[folder]?.children?.push(entries.length - 1);
  return entries.length - 1;
}

/** A property stream: its header, then 16 bytes for each property of fixed length. */
function properties(
  headerBytes: number,
  values: readonly (readonly [tag: string, value: number | bigint])[],
): Uint8Array {
  const stream = Buffer.alloc(headerBytes + 16 * values.length);
  values.forEach(([tag, value], index) => {
    const at = headerBytes + 16 * index;
    stream.writeUInt32LE(Number.parseInt(tag, 16), at);
    stream.writeUInt32LE(6, at + 4);
    stream.writeBigUInt64LE(BigInt(value), at + 8);
  });
  return stream;
}

function toFileTime(date: Date): bigint {
  return (BigInt(date.getTime()) + 11_644_473_600_000n) * 10_000n;
}
