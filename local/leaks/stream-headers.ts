// Trying to inflate costs thousands of times more than these looks at the first bits, which refuse most other bytes.

/** Longest text that one byte of brotli is taken to stand for. */
const maximumRatio = 64;

/** Whether a deflate stream (RFC 1951) may begin at `offset`. */
export function mayBeDeflate(bytes: Buffer, offset: number): boolean {
  const read = createBitReader(bytes, offset);
  read(1);
  switch (read(2)) {
    case 0:
      // Stored: the length and its complement.
      return (
        offset + 5 <= bytes.length &&
        (bytes.readUInt16LE(offset + 1) ^ bytes.readUInt16LE(offset + 3)) ===
          0xffff
      );
    case 1:
      return hasReachableDistances(read, (bytes.length - offset) * 8);
    case 2:
      return hasCompleteCode(read);
    default:
      return false;
  }
}

const literalsLookedAt = 64;

/**
 * The first symbols of a block with fixed codes (3.2.6) copy from what came before them only; noise soon reaches back
 * further than there is.
 *
 * @param bits where the stream ends: what is cut off is not judged
 */
function hasReachableDistances(read: BitReader, bits: number): boolean {
  let written = 0;
  for (let used = 3; written < literalsLookedAt && used < bits - 24;) {
    const { symbol, length } = readFixedSymbol(read);
    used += length;
    if (symbol < 256) {
      written += 1;
      continue;
    }
    if (symbol === 256) return true;
    if (symbol > 285) return false;
    const lengthBits = symbol < 265 || symbol === 285 ? 0 : (symbol - 261) >> 2;
    // Only a copy's least length counts, so that the look errs on the side of trying.
    const extra = read(lengthBits);
    const distanceCode = readReversed(read, 5);
    if (distanceCode > 29) return false;
    const distanceBits = distanceCode < 4 ? 0 : (distanceCode - 2) >> 1;
    const base =
      distanceCode < 4
        ? distanceCode + 1
        : ((2 + (distanceCode & 1)) << distanceBits) + 1;
    if (base + read(distanceBits) > written) return false;
    written += symbol === 285 ? 258 : lengthBase(symbol, lengthBits) + extra;
    used += lengthBits + 5 + distanceBits;
  }
  return true;
}

/** The least length that a length symbol stands for. */
function lengthBase(symbol: number, bits: number): number {
  return bits === 0 ? symbol - 254 : ((4 + ((symbol - 265) & 3)) << bits) + 3;
}

function readFixedSymbol(read: BitReader): {
  readonly symbol: number;
  readonly length: number;
} {
  const seven = readReversed(read, 7);
  if (seven < 0x18) return { symbol: 256 + seven, length: 7 };
  const eight = (seven << 1) | read(1);
  if (eight < 0xc0) return { symbol: eight - 0x30, length: 8 };
  if (eight < 0xc8) return { symbol: 280 + eight - 0xc0, length: 8 };
  return { symbol: 144 + ((eight << 1) | read(1)) - 0x190, length: 9 };
}

/** Huffman codes are packed from their highest bit on. */
function readReversed(read: BitReader, count: number): number {
  let value = 0;
  for (let i = 0; i < count; i += 1) value = (value << 1) | read(1);
  return value;
}

/** The code for the code lengths of a dynamic block (3.2.7) uses up all bit patterns, which few other bits do. */
function hasCompleteCode(read: BitReader): boolean {
  const literals = read(5);
  const distances = read(5);
  if (literals > 29 || distances > 29) return false;
  const codes = read(4) + 4;
  let used = 0;
  for (let i = 0; i < codes; i += 1) {
    const length = read(3);
    if (length > 0) used += 128 >> length;
  }
  return used === 128;
}

/** Whether a brotli stream (RFC 7932) may begin at `offset`: its first block's length must fit what follows. */
export function mayBeBrotli(bytes: Buffer, offset: number): boolean {
  const read = createBitReader(bytes, offset);
  if (read(1) === 1 && read(3) === 0) {
    const large = read(3);
    if (large === 1) return false;
  }
  const isLast = read(1) === 1;
  if (isLast && read(1) === 1) return false;
  const nibbles = read(2) + 4;
  if (nibbles > 6) return !isLast && isSkippable(read, bytes.length - offset);
  let length = 0;
  for (let i = 0; i < nibbles; i += 1) length += read(4) * 16 ** i;
  return length < (bytes.length - offset) * maximumRatio;
}

/** A block of metadata (9.2): a reserved bit, and a length that fits what follows. */
function isSkippable(read: BitReader, left: number): boolean {
  if (read(1) === 1) return false;
  let length = 0;
  const skipBytes = read(2);
  for (let i = 0; i < skipBytes; i += 1) length += read(8) * 256 ** i;
  return length < left;
}

/** Reads the next `count` bits, the lowest first. */
type BitReader = (count: number) => number;

function createBitReader(bytes: Buffer, offset: number): BitReader {
  let at = offset * 8;
  return (count) => {
    let value = 0;
    for (let i = 0; i < count; i += 1, at += 1)
      value |= (((bytes[at >> 3] ?? 0) >> (at & 7)) & 1) << i;
    return value;
  };
}
