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

const minimumUtf16Units = 6;
const encodedRuns = /[A-Za-z0-9+/_-][A-Za-z0-9+/_\-\r\n]{7,}/g;
const hexRuns = /[0-9A-Fa-f]{12,}/g;
const word = /^[A-Z]?[a-z]+$/;
const hexId = /^[0-9A-Fa-f-]{24,}$/;

/**
 * Takes one layer of textual encoding off wherever one is found: UTF-16, hex, base64 and base64url (every alignment,
 * with or without line breaks), percent and form encoding, backslash escapes.
 */
export function toDecodedViews(
  bytes: Buffer,
  textRegions: readonly Region[],
): DecodedViews {
  const utf16 = createPieceCollector("utf-16", fromLatin1);
  const escapes = createEscapeCollectors();
  const runs = createRunCollectors();
  forEachUtf16Region(bytes, minimumUtf16Units, (start, end, order) => {
    const units = Buffer.from(bytes.subarray(start, end));
    const text = (order === "le" ? units : units.swap16()).toString("utf16le");
    const utf8 = `${Buffer.from(text, "utf8").toString("latin1")}\0`;
    utf16.add(start, utf8, utf8.length);
  });
  for (const { start, end } of textRegions) {
    const text = bytes.toString("latin1", start, end);
    escapes.add(text, start);
    for (const run of text.matchAll(encodedRuns))
      runs.add(run[0], start + run.index);
  }
  return {
    views: [...utf16.toViews(), ...escapes.toViews(), ...runs.toViews()],
    binaryPieces: runs.binaryPieces,
  };
}

/** Pieces of hex and base64: each is decoded from every position at which a byte may begin. */
function createRunCollectors() {
  const hex = [0, 1].map(() =>
    createPieceCollector("hex", (text) => Buffer.from(text, "hex")),
  );
  const base64 = [0, 1, 2, 3].map(() =>
    createPieceCollector("base64", (text) => Buffer.from(text, "base64")),
  );
  const binaryPieces: BinaryPiece[] = [];

  const addHex = (text: string, origin: number): void => {
    for (const [shift, collector] of hex.entries()) {
      const digits = text.slice(shift);
      const padded = `${digits}${digits.length % 2 === 0 ? "00" : "000"}`;
      collector.add(origin, padded, padded.length / 2);
    }
  };
  const addBase64 = (text: string, origin: number): void => {
    for (const [shift, collector] of base64.entries()) {
      const digits = text.slice(shift);
      // "A" is zero: full groups of it end a piece with zero bytes.
      const padded = digits.padEnd(Math.ceil(digits.length / 4) * 4 + 4, "A");
      collector.add(origin, padded, (padded.length / 4) * 3);
    }
    if (looksBinary(text))
      binaryPieces.push({ bytes: Buffer.from(text, "base64"), origin });
  };

  return {
    binaryPieces,
    add: (run: string, origin: number): void => {
      // Base64 of eight or more characters is not by chance one word or all hex digits.
      if (word.test(run)) return;
      for (const found of run.matchAll(hexRuns))
        addHex(found[0], origin + found.index);
      if (!hexId.test(run)) addBase64(run.replace(/[\r\n]/g, ""), origin);
    },
    toViews: () =>
      [...hex, ...base64].flatMap((collector) => collector.toViews()),
  };
}

/** Base64 of compressed data has letters of both cases and digits; words and ids do not. */
function looksBinary(text: string): boolean {
  return (
    text.length >= 16 &&
    /[a-z]/.test(text) &&
    /[A-Z]/.test(text) &&
    /[0-9+/_-]/.test(text)
  );
}

/** Percent, form and backslash escapes: only what surrounds an escape is decoded. */
function createEscapeCollectors() {
  const url = createPieceCollector("url", fromLatin1);
  const form = createPieceCollector("form", fromLatin1);
  const escaped = createPieceCollector("escaped", fromLatin1);
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
        const piece = `${toUnescaped(line)}\0`;
        escaped.add(start + at, piece, piece.length);
      });
    },
    toViews: () => [url, form, escaped].flatMap((view) => view.toViews()),
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
