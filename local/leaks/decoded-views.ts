import { createEncodedDigits, hexValues, noDigit } from "./encoded-digits.ts";
import { forEachEncodedRun, type EncodedRun } from "./encoded-runs.ts";
import { createPieceCollector, type View } from "./piece-collector.ts";
import { forEachUtf16Region, type Region } from "./text-regions.ts";
import { toUnescaped, toUnpercented } from "./unescape.ts";

/** A stretch that looks like encoded binary data: compressed data without a signature may begin at it. */
export interface BinaryPiece {
  readonly bytes: Buffer;
  readonly origin: number;
}

export interface DecodedViews {
  readonly views: readonly View[];
  readonly binaryPieces: readonly BinaryPiece[];
}

const otherEscape = /\\[^"]/;
const minimumUtf16Units = 6;
const minimumHexDigits = 12;
const minimumBinaryDigits = 16;

/**
 * Takes one layer of textual encoding off wherever one is found: UTF-16, hex, base64 and base64url (every alignment,
 * with or without line breaks), percent and form encoding, backslash escapes.
 *
 * @param isWholesale decode hex and base64 also where the decoded bytes hold no text of the European scripts.
 */
export function toDecodedViews(
  bytes: Buffer,
  textRegions: readonly Region[],
  { isWholesale }: { readonly isWholesale: boolean },
): DecodedViews {
  const utf16 = createPieceCollector("utf-16", fromLatin1);
  const escapes = createEscapeCollectors();
  const runs = createRunCollectors(bytes, isWholesale);
  forEachUtf16Region(bytes, minimumUtf16Units, (start, end, order) => {
    const units = Buffer.from(bytes.subarray(start, end));
    const text = (order === "le" ? units : units.swap16()).toString("utf16le");
    const utf8 = `${Buffer.from(text, "utf8").toString("latin1")}\0`;
    utf16.add(start, utf8, utf8.length);
  });
  for (const { start, end } of textRegions) {
    escapes.add(bytes.toString("latin1", start, end), start);
    forEachEncodedRun(bytes, start, end, runs.add);
  }
  return {
    views: [...utf16.toViews(), ...escapes.toViews(), ...runs.toViews()],
    binaryPieces: runs.binaryPieces,
  };
}

/** Pieces of hex and base64: each is decoded from every position at which a byte may begin. */
function createRunCollectors(bytes: Buffer, isWholesale: boolean) {
  const hex = [0, 1].map(() =>
    createPieceCollector("hex", (text) => Buffer.from(text, "hex")),
  );
  const base64 = [0, 1, 2, 3].map(() =>
    createPieceCollector("base64", (text) => Buffer.from(text, "base64")),
  );
  const binaryPieces: BinaryPiece[] = [];
  const digits = createEncodedDigits(bytes);

  const addHex = (start: number, end: number): void => {
    digits.readHex(start, end);
    for (const [shift, collector] of hex.entries()) {
      if (!isWholesale && !digits.isTelling(shift)) continue;
      const text = bytes.toString("latin1", start + shift, end);
      const padded = `${text}${text.length % 2 === 0 ? "00" : "000"}`;
      collector.add(start, padded, padded.length / 2);
    }
  };
  const addHexOf = ({ start, end }: EncodedRun): void => {
    for (let at = start; at < end; at += 1) {
      const from = at;
      while (at < end && hexValues[bytes[at] ?? 0] !== noDigit) at += 1;
      if (at - from >= minimumHexDigits) addHex(from, at);
    }
  };
  const addBase64 = ({ start, end, isMixed }: EncodedRun): void => {
    digits.readBase64(start, end);
    const toText = () =>
      bytes.toString("latin1", start, end).replace(/[\r\n]/g, "");
    for (const [shift, collector] of base64.entries()) {
      if (!isWholesale && !digits.isTelling(shift)) continue;
      const text = toText().slice(shift);
      // "A" is zero: full groups of it end a piece with zero bytes.
      const padded = text.padEnd(Math.ceil(text.length / 4) * 4 + 4, "A");
      collector.add(start, padded, (padded.length / 4) * 3);
    }
    if (isMixed && digits.count() >= minimumBinaryDigits)
      binaryPieces.push({
        bytes: Buffer.from(toText(), "base64"),
        origin: start,
      });
  };

  return {
    binaryPieces,
    add: (run: EncodedRun): void => {
      if (run.isWord) return;
      addHexOf(run);
      if (!run.isHexId) addBase64(run);
    },
    toViews: () =>
      [...hex, ...base64].flatMap((collector) => collector.toViews()),
  };
}

/** Percent, form and backslash escapes: only what surrounds an escape is decoded. */
function createEscapeCollectors() {
  const url = createPieceCollector("url", fromLatin1);
  const form = createPieceCollector("form", fromLatin1);
  const escaped = createPieceCollector("escaped", fromLatin1);
  const quoted = createPieceCollector("escaped", fromLatin1, true);
  return {
    add: (text: string, start: number): void => {
      forEachSurrounding(text, "%", isTokenEnd, (token, at) => {
        const piece = `${toUnpercented(token)}\0`;
        url.add(start + at, piece, piece.length);
      });
      forEachSurrounding(text, "+", isTokenEnd, (token, at) => {
        const piece = `${toUnpercented(token.replaceAll("+", " "))}\0`;
        form.add(start + at, piece, piece.length);
      });
      forEachSurrounding(text, "\\", isLineEnd, (line, at) => {
        // JSON in JSON: no escaped quote stands inside an encoded run or token, so those are found without this view.
        const isQuoted = !otherEscape.test(line);
        const piece = `${isQuoted ? line.replaceAll('\\"', '"') : toUnescaped(line)}\0`;
        (isQuoted ? quoted : escaped).add(start + at, piece, piece.length);
      });
    },
    toViews: () =>
      [url, form, escaped, quoted].flatMap((view) => view.toViews()),
  };
}

/** Calls `visit` with each stretch between two ends that holds `sign`. */
function forEachSurrounding(
  text: string,
  sign: string,
  isEnd: (unit: number) => boolean,
  visit: (piece: string, at: number) => void,
): void {
  let done = 0;
  for (let at = text.indexOf(sign); at >= 0; at = text.indexOf(sign, done)) {
    let start = at;
    while (start > done && !isEnd(text.charCodeAt(start - 1))) start -= 1;
    let end = at;
    while (end < text.length && !isEnd(text.charCodeAt(end))) end += 1;
    visit(text.slice(start, end), start);
    done = end + 1;
  }
}

/** White space, `"`, `<` and `>` are never bare in an encoded URL or form. */
function isTokenEnd(unit: number): boolean {
  return unit <= 0x20 || unit === 0x22 || unit === 0x3c || unit === 0x3e;
}

function isLineEnd(unit: number): boolean {
  return unit === 0x0a || unit === 0x0d;
}

function fromLatin1(text: string): Buffer {
  return Buffer.from(text, "latin1");
}
