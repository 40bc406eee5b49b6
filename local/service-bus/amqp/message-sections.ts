/** Section codes of an AMQP 1.0 message, in the order in which they stand. */
export const SECTION = {
  header: 0x70,
  deliveryAnnotations: 0x71,
  messageAnnotations: 0x72,
  properties: 0x73,
  applicationProperties: 0x74,
  data: 0x75,
  sequence: 0x76,
  value: 0x77,
  footer: 0x78,
} as const;

/** The bytes are not an AMQP message. */
export class MalformedMessage extends Error {
  override readonly name = "MalformedMessage";
}

/** One encoded section. */
export interface Section {
  readonly code: number;
  /** The whole section, descriptor included. */
  readonly bytes: Buffer;
  /** Its value: the section without the descriptor. */
  readonly value: Buffer;
}

/**
 * Cuts an encoded message into its sections without decoding them: bodies and properties pass through the broker as
 * they came, with every AMQP type intact.
 *
 * @throws MalformedMessage when the sections are damaged, unknown or out of order.
 */
export function splitSections(message: Buffer): Section[] {
  const sections: Section[] = [];
  let offset = 0;
  let lastRank = 0;
  while (offset < message.length) {
    if (message[offset] !== 0) throw new MalformedMessage("not a section");
    const { code, end: valueStart } = readDescriptor(message, offset + 1);
    const end = skipValue(message, valueStart, 0);
    // Body and footer in any order: rhea, and with it Azure's JavaScript client, writes the footer first.
    const rank = Math.min(code, SECTION.data);
    const isRepeated = rank === lastRank && rank !== SECTION.data;
    if (rank < lastRank || isRepeated || !isSectionCode(code)) {
      throw new MalformedMessage("section out of order");
    }
    lastRank = rank;
    sections.push({
      code,
      bytes: message.subarray(offset, end),
      value: message.subarray(valueStart, end),
    });
    offset = end;
  }
  return sections;
}

function isSectionCode(code: number): boolean {
  return code >= SECTION.header && code <= SECTION.footer;
}

/** The bytes of a binary value (a data section's content). */
export function readBinary(value: Buffer): Buffer {
  if (value[0] === 0xa0) return value.subarray(2);
  if (value[0] === 0xb0) return value.subarray(5);
  throw new MalformedMessage("not a binary value");
}

function readDescriptor(
  buffer: Buffer,
  offset: number,
): { code: number; end: number } {
  const end = skipValue(buffer, offset, 0);
  if (buffer[offset] === 0x53)
    return { code: buffer.readUInt8(offset + 1), end };
  if (buffer[offset] === 0x80) {
    return { code: Number(buffer.readBigUInt64BE(offset + 1)), end };
  }
  throw new MalformedMessage("unknown section descriptor");
}

/** Bytes that follow a type code of the fixed-width categories 0x4_ to 0x9_. */
const FIXED_WIDTHS = [0, 1, 2, 4, 8, 16];
const MAX_DESCRIPTORS = 8;

function skipValue(buffer: Buffer, offset: number, depth: number): number {
  const typeCode = byteAt(buffer, offset);
  if (typeCode === 0) {
    if (depth >= MAX_DESCRIPTORS) throw new MalformedMessage("too deep");
    const value = skipValue(buffer, offset + 1, depth + 1);
    return skipValue(buffer, value, depth + 1);
  }
  const end = offset + 1 + widthOf(buffer, typeCode, offset + 1);
  if (end > buffer.length) throw new MalformedMessage("cut short");
  return end;
}

function widthOf(buffer: Buffer, typeCode: number, offset: number): number {
  const category = typeCode >>> 4;
  const fixed = FIXED_WIDTHS[category - 4];
  if (fixed !== undefined) return fixed;
  if (category < 0xa) throw new MalformedMessage("unknown type code");
  if (category % 2 === 0) return 1 + byteAt(buffer, offset);
  if (offset + 4 > buffer.length) throw new MalformedMessage("cut short");
  return 4 + buffer.readUInt32BE(offset);
}

function byteAt(buffer: Buffer, offset: number): number {
  const byte = buffer[offset];
  if (byte === undefined) throw new MalformedMessage("cut short");
  return byte;
}
