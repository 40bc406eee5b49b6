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
      return true;
    case 2:
      return hasCompleteCode(read);
    default:
      return false;
  }
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
  if (nibbles > 6) return !isLast;
  let length = 0;
  for (let i = 0; i < nibbles; i += 1) length += read(4) * 16 ** i;
  return length < (bytes.length - offset) * maximumRatio;
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
