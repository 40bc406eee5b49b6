export interface Region {
  readonly start: number;
  readonly end: number;
}

/** Bytes of the UTF-8 character that a byte begins; 0 for what no text holds. */
const characterLengths = Uint8Array.from({ length: 256 }, (_, lead) => {
  if (lead < 0x80) return isTextCode(lead) ? 1 : 0;
  if (lead < 0xc2 || lead > 0xf4) return 0;
  return lead < 0xe0 ? 2 : lead < 0xf0 ? 3 : 4;
});

/** The stretches of at least `minimumBytes` bytes that read as UTF-8 text. */
export function toTextRegions(bytes: Buffer, minimumBytes: number): Region[] {
  const regions: Region[] = [];
  const size = bytes.length;
  let start = 0;
  let at = 0;
  while (at <= size) {
    const length = at < size ? (characterLengths[bytes[at] ?? 0] ?? 0) : 0;
    if (length === 1) {
      at += 1;
    } else if (length > 1 && isContinued(bytes, at, length)) {
      at += length;
    } else {
      if (at - start >= minimumBytes) regions.push({ start, end: at });
      at += 1;
      start = at;
    }
  }
  return regions;
}

function isContinued(bytes: Buffer, at: number, length: number): boolean {
  for (let i = 1; i < length; i += 1)
    if (((bytes[at + i] ?? 0) & 0xc0) !== 0x80) return false;
  return true;
}

/** Latin, Greek, Cyrillic, Armenian and Hebrew units begin with a byte of at most this. */
const highestByte = 0x05;

/**
 * Calls `visit` with each stretch of at least `minimumUnits` UTF-16 units of the European scripts (every second byte
 * is small), at even and odd offsets and in both byte orders.
 */
export function forEachUtf16Region(
  bytes: Buffer,
  minimumUnits: number,
  visit: (start: number, end: number, order: "le" | "be") => void,
): void {
  for (const parity of [0, 1]) {
    let littleUnits = 0;
    let bigUnits = 0;
    let at = parity;
    const endRun = (units: number, order: "le" | "be"): void => {
      if (units >= minimumUnits) visit(at - 2 * units, at, order);
    };
    for (; at + 1 < bytes.length; at += 2) {
      const first = bytes[at] ?? 0;
      const second = bytes[at + 1] ?? 0;
      if (first > highestByte && second > highestByte) {
        if (littleUnits + bigUnits === 0) continue;
        endRun(littleUnits, "le");
        endRun(bigUnits, "be");
        littleUnits = 0;
        bigUnits = 0;
        continue;
      }
      if (isTextUnit(second, first)) littleUnits += 1;
      else {
        endRun(littleUnits, "le");
        littleUnits = 0;
      }
      if (isTextUnit(first, second)) bigUnits += 1;
      else {
        endRun(bigUnits, "be");
        bigUnits = 0;
      }
    }
    endRun(littleUnits, "le");
    endRun(bigUnits, "be");
  }
}

function isTextUnit(high: number, low: number): boolean {
  return high <= highestByte && (high > 0 || isTextCode(low));
}

/** Whether a code of Latin-1 is printable or white space. */
function isTextCode(code: number): boolean {
  return (code >= 0x20 && code !== 0x7f) || (code >= 0x09 && code <= 0x0d);
}
