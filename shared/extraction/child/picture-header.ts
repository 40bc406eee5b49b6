import { Unreadable } from "./unreadable.ts";

/** What a picture's first bytes say of it. */
export interface PictureHeader {
  readonly mediaType:
    "image/png" | "image/jpeg" | "image/bmp" | "image/webp" | "image/tiff";
  /** Of the largest page. */
  readonly pixels: number;
  /** Where the directory of each page of a TIFF stands; one page otherwise. */
  readonly directories?: readonly number[];
}

/**
 * Looks at a picture without decoding it; undefined when the bytes are no picture of a kind that can be read.
 *
 * @throws Unreadable `extraction_corrupt` when it ends before its size
 */
export function readPictureHeader(bytes: Buffer): PictureHeader | undefined {
  try {
    return (
      readPng(bytes) ??
      readJpeg(bytes) ??
      readBmp(bytes) ??
      readWebp(bytes) ??
      readTiff(bytes)
    );
  } catch (thrown) {
    if (thrown instanceof RangeError)
      throw new Unreadable("extraction_corrupt");
    throw thrown;
  }
}

function readPng(bytes: Buffer): PictureHeader | undefined {
  if (bytes.toString("latin1", 0, 8) !== "\u0089PNG\r\n\u001a\n")
    return undefined;
  const pixels = bytes.readUInt32BE(16) * bytes.readUInt32BE(20);
  return { mediaType: "image/png", pixels };
}

/** Start-of-frame markers carry the size; three markers amid their numbers mean something else (ITU T.81, B.1.1.3). */
function readJpeg(bytes: Buffer): PictureHeader | undefined {
  if (bytes.toString("latin1", 0, 3) !== "\u00ff\u00d8\u00ff") return undefined;
  let at = 2;
  for (;;) {
    while (bytes.readUInt8(at) === 0xff) at += 1;
    const marker = bytes.readUInt8(at);
    const isFrame =
      marker >= 0xc0 && marker <= 0xcf && ![0xc4, 0xc8, 0xcc].includes(marker);
    if (isFrame) {
      const pixels = bytes.readUInt16BE(at + 4) * bytes.readUInt16BE(at + 6);
      return { mediaType: "image/jpeg", pixels };
    }
    at += 1 + Math.max(2, bytes.readUInt16BE(at + 1));
  }
}

function readBmp(bytes: Buffer): PictureHeader | undefined {
  // Two letters are not enough to tell: the size of a header of the usual kinds follows.
  if (bytes.toString("latin1", 0, 2) !== "BM") return undefined;
  if (bytes.byteLength < 54 || ![40, 108, 124].includes(bytes.readUInt32LE(14)))
    return undefined;
  const pixels = Math.abs(bytes.readInt32LE(18) * bytes.readInt32LE(22));
  return { mediaType: "image/bmp", pixels };
}

function readWebp(bytes: Buffer): PictureHeader | undefined {
  const isWebp =
    bytes.toString("latin1", 0, 4) === "RIFF" &&
    bytes.toString("latin1", 8, 12) === "WEBP";
  if (!isWebp) return undefined;
  return { mediaType: "image/webp", pixels: webpPixels(bytes) };
}

function webpPixels(bytes: Buffer): number {
  switch (bytes.toString("latin1", 12, 16)) {
    case "VP8X":
      return (bytes.readUIntLE(24, 3) + 1) * (bytes.readUIntLE(27, 3) + 1);
    case "VP8L": {
      const bits = bytes.readUInt32LE(21);
      return ((bits & 0x3fff) + 1) * (((bits >>> 14) & 0x3fff) + 1);
    }
    default:
      return (
        (bytes.readUInt16LE(26) & 0x3fff) * (bytes.readUInt16LE(28) & 0x3fff)
      );
  }
}

const tiffWidth = 256;
const tiffHeight = 257;
/** A field of 16 bits, by TIFF's number for it. */
const short = 3;
const maxTiffPages = 1000;

function readTiff(bytes: Buffer): PictureHeader | undefined {
  const magic = bytes.toString("hex", 0, 4);
  if (magic !== "49492a00" && magic !== "4d4d002a") return undefined;
  const isLittle = magic.startsWith("49");
  const read16 = (at: number): number =>
    isLittle ? bytes.readUInt16LE(at) : bytes.readUInt16BE(at);
  const read32 = (at: number): number =>
    isLittle ? bytes.readUInt32LE(at) : bytes.readUInt32BE(at);

  const directories: number[] = [];
  let pixels = 0;
  for (let at = read32(4); at !== 0;) {
    if (directories.includes(at) || directories.length === maxTiffPages)
      throw new Unreadable("extraction_corrupt");
    directories.push(at);
    const count = read16(at);
    let width = 0;
    let height = 0;
    for (let field = at + 2; field < at + 2 + 12 * count; field += 12) {
      const value =
        read16(field + 2) === short ? read16(field + 8) : read32(field + 8);
      if (read16(field) === tiffWidth) width = value;
      if (read16(field) === tiffHeight) height = value;
    }
    pixels = Math.max(pixels, width * height);
    at = read32(at + 2 + 12 * count);
  }
  return { mediaType: "image/tiff", pixels, directories };
}
