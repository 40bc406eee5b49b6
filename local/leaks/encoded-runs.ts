/** A stretch that may be hex or base64, and what its signs rule out. */
export interface EncodedRun {
  readonly start: number;
  readonly end: number;
  /** One word of letters: by its eighth letter, base64 is not so by chance. */
  readonly isWord: boolean;
  /** Hex digits and dashes only, as long as an id: the hex it holds is looked at, base64 it is not. */
  readonly isHexId: boolean;
  /** Letters of both cases and something else: so base64 of binary data looks, and words and ids do not. */
  readonly isMixed: boolean;
}

const minimumLength = 8;
const minimumIdLength = 24;

const signs = {
  lower: 1,
  upper: 2,
  other: 4,
  lineBreak: 8,
  hexOrDash: 16,
} as const;
const encodedSigns = signs.lower | signs.upper | signs.other;

const signsOfByte = Uint8Array.from({ length: 256 }, (_, code) => {
  const text = String.fromCharCode(code);
  const hexOrDash = /[0-9A-Fa-f-]/.test(text) ? signs.hexOrDash : 0;
  if (/[a-z]/.test(text)) return signs.lower | hexOrDash;
  if (/[A-Z]/.test(text)) return signs.upper | hexOrDash;
  if (/[0-9+/_-]/.test(text)) return signs.other | hexOrDash;
  return /[\r\n]/.test(text) ? signs.lineBreak | hexOrDash : 0;
});

/** Calls `visit` with each stretch of at least eight signs of base64, base64url or hex, line breaks inside included. */
export function forEachEncodedRun(
  bytes: Buffer,
  start: number,
  end: number,
  visit: (run: EncodedRun) => void,
): void {
  for (let at = start; at < end; at += 1) {
    const first = signsOfByte[bytes[at] ?? 0] ?? 0;
    if ((first & encodedSigns) === 0) continue;
    const runStart = at;
    let seen = 0;
    let everywhere = first;
    for (at += 1; at < end; at += 1) {
      const found = signsOfByte[bytes[at] ?? 0] ?? 0;
      if (found === 0) break;
      seen |= found;
      everywhere &= found;
    }
    const length = at - runStart;
    if (length < minimumLength) continue;
    const all = seen | first;
    visit({
      start: runStart,
      end: at,
      isWord:
        (seen & ~signs.hexOrDash) === signs.lower &&
        (first & signs.other) === 0,
      isHexId:
        length >= minimumIdLength && (everywhere & signs.hexOrDash) !== 0,
      isMixed: (all & encodedSigns) === encodedSigns,
    });
  }
}
