import { isTelling } from "./telling-bytes.ts";

export const noDigit = 255;

function toValues(alphabets: readonly string[]): Uint8Array {
  const values = new Uint8Array(256).fill(noDigit);
  for (const alphabet of alphabets)
    for (const [value, sign] of alphabet.split("").entries())
      values[sign.charCodeAt(0)] = value;
  return values;
}

export const hexValues = toValues(["0123456789abcdef", "0123456789ABCDEF"]);

const letters = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";
const base64Values = toValues([
  `${letters}0123456789+/`,
  `${letters}0123456789-_`,
]);

/** The digits of one encoded stretch, to look at what they decode to without decoding them into a buffer. */
export interface EncodedDigits {
  readHex(start: number, end: number): void;
  /** Line breaks are left out. */
  readBase64(start: number, end: number): void;
  /** How many digits were read. */
  count(): number;
  /** Whether the bytes that begin at the digit `shift` can hold anything that is searched for. */
  isTelling(shift: number): boolean;
}

/** Creates the reader of the encoded stretches of `bytes`; it holds the stretch that was read last. */
export function createEncodedDigits(bytes: Buffer): EncodedDigits {
  let digits = new Uint8Array(256);
  let decoded = new Uint8Array(256);
  let count = 0;
  let bitsPerDigit = 0;

  const read = (start: number, end: number, values: Uint8Array): void => {
    if (digits.length < end - start) {
      digits = new Uint8Array(2 * (end - start));
      decoded = new Uint8Array(digits.length);
    }
    count = 0;
    for (let at = start; at < end; at += 1) {
      const value = values[bytes[at] ?? 0] ?? noDigit;
      if (value === noDigit) continue;
      digits[count] = value;
      count += 1;
    }
  };

  return {
    readHex(start, end) {
      bitsPerDigit = 4;
      read(start, end, hexValues);
    },
    readBase64(start, end) {
      bitsPerDigit = 6;
      read(start, end, base64Values);
    },
    count: () => count,
    isTelling(shift) {
      let held = 0;
      let bits = 0;
      let size = 0;
      for (let at = shift; at < count; at += 1) {
        held = ((held << bitsPerDigit) | (digits[at] ?? 0)) & 0xffff;
        bits += bitsPerDigit;
        if (bits < 8) continue;
        bits -= 8;
        decoded[size] = held >> bits;
        size += 1;
      }
      return isTelling(decoded, size);
    },
  };
}
