import { Unreadable } from "../unreadable.ts";

/** What the dictionary holds before the first byte, so that even a short text finds matches (MS-OXRTFCP, 2.1.2.1). */
const seed =
  "{\\rtf1\\ansi\\mac\\deff0\\deftab720{\\fonttbl;}{\\f0\\fnil \\froman \\fswiss \\fmodern \\fscript \\fdecor MS Sans SerifSymbolArialTimes New RomanCourier{\\colortbl\\red0\\green0\\blue0\r\n\\par \\pard\\plain\\f0\\fs20\\b\\i\\u\\tab\\tx";
const dictionaryBytes = 4096;
const headerBytes = 16;
/** Each byte of the packed text stands for at most this many. */
const largestGrowth = 17;

/**
 * The RTF of an Outlook item's body, which is kept packed (MS-OXRTFCP).
 *
 * @throws Unreadable `extraction_corrupt`
 */
export function unpackRtf(packed: Buffer): Buffer {
  if (packed.byteLength < headerBytes)
    throw new Unreadable("extraction_corrupt");
  const body = packed.subarray(headerBytes);
  const type = packed.toString("latin1", 8, 12);
  if (type === "MELA") return body;
  if (type !== "LZFu") throw new Unreadable("extraction_corrupt");
  return inflate(
    body,
    Math.min(packed.readUInt32LE(4), body.byteLength * largestGrowth),
  );
}

function inflate(body: Buffer, size: number): Buffer {
  const rtf = Buffer.alloc(size);
  const dictionary = Buffer.alloc(dictionaryBytes, " ");
  dictionary.write(seed, "latin1");
  let writing = seed.length;
  let length = 0;
  const isFull = (): boolean => length >= size;
  const emit = (byte: number): void => {
    dictionary[writing] = byte;
    writing = (writing + 1) % dictionaryBytes;
    if (!isFull()) rtf[length] = byte;
    length += 1;
  };

  let at = 0;
  while (at < body.byteLength && !isFull()) {
    const control = body[at] ?? 0;
    at += 1;
    for (let bit = 0; bit < 8 && at < body.byteLength; bit += 1) {
      if ((control & (1 << bit)) === 0) {
        emit(body[at] ?? 0);
        at += 1;
        continue;
      }
      if (at + 1 >= body.byteLength) break;
      const reference = body.readUInt16BE(at);
      at += 2;
      const from = reference >> 4;
      // A reference to where the next byte goes is the end.
      if (from === writing) return rtf.subarray(0, Math.min(length, size));
      const count = (reference & 0xf) + 2;
      for (let step = 0; step < count; step += 1)
        emit(dictionary[(from + step) % dictionaryBytes] ?? 0);
    }
  }
  return rtf.subarray(0, Math.min(length, size));
}
