/** The shortest text, in bytes of UTF-8 and in units of UTF-16, that anything is searched by. */
const minimumTextBytes = 6;
const minimumUtf16Units = 3;
/** The first byte of a unit of the European scripts is at most this. */
const highestHighByte = 0x05;

const kinds = { none: 0, single: 1, continuation: 2, lead: 3 } as const;

const kindsOfByte = Uint8Array.from({ length: 256 }, (_, code) => {
  if (code >= 0xc2) return code <= 0xf4 ? kinds.lead : kinds.none;
  if (code >= 0x80) return code < 0xc0 ? kinds.continuation : kinds.none;
  const isText = code >= 0x20 ? code !== 0x7f : code >= 0x09 && code <= 0x0d;
  return isText ? kinds.single : kinds.none;
});

/**
 * Whether the first `count` bytes can hold anything that is searched for: text, UTF-16, the beginning of compressed data.
 *
 * Most that looks like hex or base64 is an id or a hash: its bytes are noise, in which text of a few characters is rare.
 * Telling so costs little beside decoding and searching it in every alignment.
 */
export function isTelling(bytes: Uint8Array, count: number): boolean {
  let textBytes = 0;
  let continuations = 0;
  let units = 0;
  let otherUnits = 0;
  let previous = 0;
  for (let at = 0; at < count; at += 1) {
    const byte = bytes[at] ?? 0;
    const kind = kindsOfByte[byte] ?? 0;
    const isContinuation = kind === kinds.continuation;
    if (kind === kinds.none || (isContinuation && continuations === 0)) {
      textBytes = 0;
      continuations = 0;
    } else if (isContinuation) {
      textBytes += 1;
      continuations -= 1;
    } else {
      textBytes = continuations > 0 ? 1 : textBytes + 1;
      continuations =
        kind === kinds.single ? 0 : byte < 0xe0 ? 1 : byte < 0xf0 ? 2 : 3;
    }
    // Units at even and odd offsets take turns.
    const seen = byte <= highestHighByte ? otherUnits + 1 : 0;
    otherUnits = units;
    units = seen;
    if (
      textBytes >= minimumTextBytes ||
      units >= minimumUtf16Units ||
      beginsStream(previous, byte)
    )
      return true;
    previous = byte;
  }
  return false;
}

/** The first two bytes of gzip, zstd, ZIP and zlib. */
function beginsStream(first: number, second: number): boolean {
  switch (first) {
    case 0x1f:
      return second === 0x8b;
    case 0x28:
      return second === 0xb5;
    case 0x50:
      return second === 0x4b;
    case 0x78:
      return (0x7800 + second) % 31 === 0;
    default:
      return false;
  }
}
