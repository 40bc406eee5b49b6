import { crc32, deflateSync } from "node:zlib";

/** Pictures of text for the tests of extraction. */

/** Seven rows of five dots each. */
const glyphs: Readonly<Record<string, string>> = {
  A: "01110 10001 10001 11111 10001 10001 10001",
  C: "01110 10001 10000 10000 10000 10001 01110",
  D: "11110 10001 10001 10001 10001 10001 11110",
  E: "11111 10000 10000 11110 10000 10000 11111",
  H: "10001 10001 10001 11111 10001 10001 10001",
  I: "01110 00100 00100 00100 00100 00100 01110",
  L: "10000 10000 10000 10000 10000 10000 11111",
  M: "10001 11011 10101 10101 10001 10001 10001",
  N: "10001 11001 10101 10011 10001 10001 10001",
  O: "01110 10001 10001 10001 10001 10001 01110",
  P: "11110 10001 10001 11110 10000 10000 10000",
  R: "11110 10001 10001 11110 10100 10010 10001",
  S: "01111 10000 10000 01110 00001 00001 11110",
  T: "11111 00100 00100 00100 00100 00100 00100",
  U: "10001 10001 10001 10001 10001 10001 01110",
  Y: "10001 10001 01010 00100 00100 00100 00100",
};
const dot = 6;
const margin = 60;
const advance = 7 * dot;
const leading = 14 * dot;

export interface Picture {
  readonly width: number;
  readonly height: number;
  /** One byte per pixel, 255 being white. */
  readonly grey: Uint8Array;
}

/** Lines of capitals, black on white, with soft edges as a scanner gives them. */
export function drawText(...lines: readonly string[]): Picture {
  const longest = Math.max(...lines.map((line) => line.length));
  const width = 2 * margin + longest * advance;
  const height = 2 * margin + lines.length * leading;
  const grey = new Uint8Array(width * height).fill(255);
  lines.forEach((line, lineIndex) => {
    line.split("").forEach((character, column) => {
      const rows = (glyphs[character] ?? "").split(" ");
      rows.forEach((row, y) => {
        row.split("").forEach((cell, x) => {
          if (cell !== "1") return;
          const left = margin + column * advance + x * dot;
          const top = margin + lineIndex * leading + y * dot;
          for (let dy = 0; dy < dot; dy += 1)
            grey.fill(
              0,
              (top + dy) * width + left,
              (top + dy) * width + left + dot,
            );
        });
      });
    });
  });
  return soften({ width, height, grey });
}

function soften({ width, height, grey }: Picture): Picture {
  const soft = new Uint8Array(grey.length).fill(255);
  const radius = 2;
  for (let y = radius; y < height - radius; y += 1) {
    for (let x = radius; x < width - radius; x += 1) {
      let sum = 0;
      for (let dy = -radius; dy <= radius; dy += 1)
        for (let dx = -radius; dx <= radius; dx += 1)
          sum += grey[(y + dy) * width + x + dx] ?? 255;
      soft[y * width + x] = Math.round(sum / (2 * radius + 1) ** 2);
    }
  }
  return { width, height, grey: soft };
}

/** A greyscale PNG; `declared` is the size that it says it has. */
export function png(
  { width, height, grey }: Picture,
  declared = { width, height },
): Uint8Array {
  const rows = Buffer.alloc((width + 1) * height);
  for (let y = 0; y < height; y += 1)
    rows.set(grey.subarray(y * width, (y + 1) * width), y * (width + 1) + 1);
  const header = Buffer.alloc(13);
  header.writeUInt32BE(declared.width, 0);
  header.writeUInt32BE(declared.height, 4);
  header.writeUInt8(8, 8);
  return Buffer.concat([
    Buffer.from("89504e470d0a1a0a", "hex"),
    chunk("IHDR", header),
    chunk("IDAT", deflateSync(rows)),
    chunk("IEND", Buffer.alloc(0)),
  ]);
}

function chunk(type: string, data: Uint8Array): Uint8Array {
  const body = Buffer.concat([Buffer.from(type), data]);
  const length = Buffer.alloc(4);
  length.writeUInt32BE(data.byteLength);
  const check = Buffer.alloc(4);
  check.writeUInt32BE(crc32(body));
  return Buffer.concat([length, body, check]);
}

/** A BMP of 24 bits per pixel. */
export function bmp({ width, height, grey }: Picture): Uint8Array {
  const stride = Math.ceil((width * 3) / 4) * 4;
  const bytes = Buffer.alloc(54 + stride * height);
  bytes.write("BM");
  bytes.writeUInt32LE(bytes.byteLength, 2);
  bytes.writeUInt32LE(54, 10);
  bytes.writeUInt32LE(40, 14);
  bytes.writeInt32LE(width, 18);
  bytes.writeInt32LE(height, 22);
  bytes.writeUInt16LE(1, 26);
  bytes.writeUInt16LE(24, 28);
  for (let y = 0; y < height; y += 1)
    for (let x = 0; x < width; x += 1)
      bytes.fill(
        grey[(height - 1 - y) * width + x] ?? 255,
        54 + y * stride + x * 3,
        54 + y * stride + x * 3 + 3,
      );
  return bytes;
}

/** A TIFF of pages of one strip each, without compression. */
export function tiff(...pages: readonly Picture[]): Uint8Array {
  const head = Buffer.from("49492a0000000000", "hex");
  const pieces: Buffer[] = [head];
  let size = head.byteLength;
  /** Where the offset of the next directory is to be written. */
  let link: { readonly piece: Buffer; readonly at: number } = {
    piece: head,
    at: 4,
  };
  for (const page of pages) {
    const directory = tiffDirectory(page, size);
    link.piece.writeUInt32LE(size + page.grey.byteLength, link.at);
    link = { piece: directory, at: directory.byteLength - 4 };
    pieces.push(Buffer.from(page.grey), directory);
    size += page.grey.byteLength + directory.byteLength;
  }
  return Buffer.concat(pieces);
}

function tiffDirectory(
  { width, height, grey }: Picture,
  offset: number,
): Buffer {
  const fields: readonly (readonly [tag: number, value: number])[] = [
    [256, width],
    [257, height],
    [258, 8],
    [259, 1],
    [262, 1],
    [273, offset],
    [277, 1],
    [278, height],
    [279, grey.byteLength],
  ];
  const directory = Buffer.alloc(2 + 12 * fields.length + 4);
  directory.writeUInt16LE(fields.length, 0);
  fields.forEach(([tag, value], index) => {
    const at = 2 + 12 * index;
    directory.writeUInt16LE(tag, at);
    directory.writeUInt16LE(4, at + 2);
    directory.writeUInt32LE(1, at + 4);
    directory.writeUInt32LE(value, at + 8);
  });
  return directory;
}
