import type { ErrorCode } from "../kernel/errors.ts";

/**
 * What the parent and an extraction child say to each other on one duplex pipe: frames of a kind (1 byte), a length
 * (4 bytes, big-endian) and a payload.
 *
 * P1. A job is `begin`, any `data`, `end`. Its answer is the document's, then each of its parts' in order, then `done`;
 *     or, when the document itself cannot be read, `failed`.
 * P2. A document's answer is any `text`, then `read`. A part's begins with `part`, and may also end in `failed`.
 * P3. The child answers one job at a time, in order. It may answer `failed` before the `end` only by dying.
 * P4. Nothing but texts and the names of parts travels in the child's own words: failures are codes.
 */
export const frameKinds = {
  begin: 1,
  data: 2,
  end: 3,
  text: 4,
  done: 5,
  failed: 6,
  read: 7,
  part: 8,
} as const;
export type FrameKind = keyof typeof frameKinds;

export interface Frame {
  readonly kind: FrameKind;
  readonly payload: Buffer;
}

/** The file descriptor of the pipe in the child. */
export const pipeFd = 3;
/** The signal by which a child that has outgrown its memory ends itself. */
export const outgrownSignal = "SIGUSR2";

/** How the words in pictures are read. */
export interface OcrOptions {
  /** Tesseract's names, such as `eng`, the main one first. */
  readonly languages: readonly string[];
  /** Where `{language}.traineddata.gz` is looked for, in order. */
  readonly folders: readonly string[];
}

/** Payload of `begin`. */
export interface JobHeader {
  readonly declaredMediaType?: string;
  /** With the dot, lower case. */
  readonly extension?: string;
  /** The document and its parts up to this number were answered before, by a child that the last of them ended. */
  readonly answeredParts?: number;
}

/** Payload of `read`. */
export interface DocumentHeader {
  readonly mediaType: string;
  readonly pages?: number;
  readonly words: number;
}

/** Payload of `part`. */
export interface PartHeader {
  /** From 1, over all parts of the document, parts of parts included. */
  readonly number: number;
  /** Its place among the parts: `2.1` is the first part of the second. */
  readonly path: string;
  readonly name?: string;
  readonly sizeBytes?: number;
}

/** The most parts that a document may have, parts of parts included. */
export const maxParts = 200;
/** How deep parts may lie in parts. */
export const maxPartDepth = 5;
export const maxPartName = 255;

export type ExtractionCode = Extract<ErrorCode, `extraction_${string}`>;

const headerBytes = 5;
const maxPayload = 1 << 20;
const kindOf = new Map<number, FrameKind>(
  Object.entries(frameKinds).map(([kind, byte]) => [byte, kind as FrameKind]),
);

/** The frames that carry `payload`: one, or several of at most 1 MiB for long data and text. */
export function* toFrames(
  kind: FrameKind,
  payload: Uint8Array = new Uint8Array(),
): Generator<Buffer> {
  let offset = 0;
  do {
    const part = payload.subarray(offset, offset + maxPayload);
    const header = Buffer.alloc(headerBytes);
    header.writeUInt8(frameKinds[kind], 0);
    header.writeUInt32BE(part.byteLength, 1);
    yield header;
    if (part.byteLength > 0) {
      yield Buffer.from(part.buffer, part.byteOffset, part.byteLength);
    }
    offset += part.byteLength;
  } while (offset < payload.byteLength);
}

/**
 * Reads frames out of chunks as they arrive: call it with each chunk.
 *
 * @throws Error when what arrives is not frames: the other side cannot be trusted any more.
 */
export function createFrameReader(
  onFrame: (frame: Frame) => void,
): (chunk: Buffer) => void {
  let pending: Buffer[] = [];
  let size = 0;
  let needed = headerBytes;
  return (chunk) => {
    pending.push(chunk);
    size += chunk.byteLength;
    if (size < needed) return;
    let buffer = pending.length === 1 ? chunk : Buffer.concat(pending, size);
    for (;;) {
      needed = headerBytes;
      if (buffer.byteLength < headerBytes) break;
      const kind = kindOf.get(buffer.readUInt8(0));
      const length = buffer.readUInt32BE(1);
      if (kind === undefined || length > maxPayload)
        throw new Error("no frame");
      needed = headerBytes + length;
      if (buffer.byteLength < needed) break;
      onFrame({ kind, payload: buffer.subarray(headerBytes, needed) });
      buffer = buffer.subarray(needed);
    }
    pending = buffer.byteLength > 0 ? [buffer] : [];
    size = buffer.byteLength;
  };
}
