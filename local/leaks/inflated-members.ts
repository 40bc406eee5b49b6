import {
  brotliDecompressSync,
  constants,
  inflateRawSync,
  inflateSync,
  zstdDecompressSync,
} from "node:zlib";
import { mayBeBrotli, mayBeDeflate } from "./stream-headers.ts";

/** A compressed stream that was found inside other bytes. */
export interface Member {
  readonly encoding: "gzip" | "deflate" | "zip" | "zstd" | "brotli";
  readonly offset: number;
  /** What it inflates to, or undefined when that is more than the limit. */
  readonly bytes: Buffer | undefined;
}

const limits = { maxOutputLength: 64 * 1024 * 1024, chunkSize: 4096 };
// The flush lets a stream end early, so that a cut one is searched as far as it goes.
const zlibOptions = { ...limits, finishFlush: constants.Z_SYNC_FLUSH };
const brotliOptions = {
  ...limits,
  finishFlush: constants.BROTLI_OPERATION_FLUSH,
};
const zstdOptions = { ...limits, finishFlush: constants.ZSTD_e_flush };

const gzipSignature = Buffer.from([0x1f, 0x8b, 0x08]);
const zstdSignature = Buffer.from([0x28, 0xb5, 0x2f, 0xfd]);
const zipSignature = Buffer.from([0x50, 0x4b, 0x03, 0x04]);

/** Finds and inflates the streams that have a signature: gzip, zlib, zstd, and the deflated entries of ZIP files. */
export function* findMembers(bytes: Buffer): Generator<Member> {
  // Behind its header a gzip member is raw deflate; the gzip decoder itself refuses what follows a member.
  for (const offset of offsetsOf(bytes, gzipSignature))
    yield* inflate("gzip", bytes, toGzipDataOffset(bytes, offset), (b) =>
      inflateRawSync(b, zlibOptions),
    );
  for (const offset of offsetsOf(bytes, zstdSignature))
    yield* inflate("zstd", bytes, offset, (b) =>
      zstdDecompressSync(b, zstdOptions),
    );
  for (const offset of offsetsOf(bytes, zipSignature))
    if (offset + 30 <= bytes.length && bytes.readUInt16LE(offset + 8) === 8) {
      const names =
        bytes.readUInt16LE(offset + 26) + bytes.readUInt16LE(offset + 28);
      yield* inflate("zip", bytes, offset + 30 + names, (b) =>
        inflateRawSync(b, zlibOptions),
      );
    }
  for (let at = bytes.indexOf(0x78); at >= 0; at = bytes.indexOf(0x78, at + 1))
    if (isZlibHeader(bytes, at) && mayBeDeflate(bytes, at + 2))
      yield* inflate("deflate", bytes, at, (b) => inflateSync(b, zlibOptions));
}

/** Brotli and raw deflate have no signature: they are tried where something begins. */
export function* findMembersAtStart(
  bytes: Buffer,
  offset: number,
): Generator<Member> {
  if (mayBeBrotli(bytes, offset))
    yield* inflate("brotli", bytes, offset, (b) =>
      brotliDecompressSync(b, brotliOptions),
    );
  if (mayBeDeflate(bytes, offset))
    yield* inflate("deflate", bytes, offset, (b) =>
      inflateRawSync(b, zlibOptions),
    );
}

function* offsetsOf(bytes: Buffer, signature: Buffer): Generator<number> {
  for (
    let at = bytes.indexOf(signature);
    at >= 0;
    at = bytes.indexOf(signature, at + 1)
  )
    yield at;
}

/** Where the deflated data of the gzip member at `offset` begins (RFC 1952, 2.3). */
function toGzipDataOffset(bytes: Buffer, offset: number): number {
  const flags = bytes[offset + 3] ?? 0;
  const hasExtra = (flags & 0x04) !== 0 && offset + 12 <= bytes.length;
  let at = offset + 10;
  if (hasExtra) at += 2 + bytes.readUInt16LE(at);
  for (const flag of [0x08, 0x10])
    if ((flags & flag) !== 0) at = bytes.indexOf(0, at) + 1;
  return (flags & 0x02) !== 0 ? at + 2 : at;
}

/** The second byte of a zlib header holds a checksum and says that there is no dictionary. */
function isZlibHeader(bytes: Buffer, at: number): boolean {
  const flags = bytes[at + 1] ?? 0;
  return (0x7800 + flags) % 31 === 0 && (flags & 0x20) === 0;
}

function* inflate(
  encoding: Member["encoding"],
  bytes: Buffer,
  offset: number,
  decompress: (bytes: Buffer) => Buffer,
): Generator<Member> {
  const inflated = tryTo(() => decompress(bytes.subarray(offset)));
  if (inflated === "too large") yield { encoding, offset, bytes: undefined };
  else if (inflated !== undefined && inflated.length > 0)
    yield { encoding, offset, bytes: inflated };
}

/** Most attempts fail because the bytes only look like a stream; a stack trace for each would take most of the time. */
function tryTo(decompress: () => Buffer): Buffer | "too large" | undefined {
  const { stackTraceLimit } = Error;
  Error.stackTraceLimit = 0;
  try {
    return decompress();
  } catch (error) {
    const code = error instanceof Error && "code" in error ? error.code : "";
    return code === "ERR_BUFFER_TOO_LARGE" ? "too large" : undefined;
  } finally {
    Error.stackTraceLimit = stackTraceLimit;
  }
}
