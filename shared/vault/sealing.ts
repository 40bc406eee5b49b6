import {
  createCipheriv,
  createDecipheriv,
  hkdfSync,
  randomBytes,
} from "node:crypto";
import { NucleusError } from "../kernel/errors.ts";
import type { ContentRef } from "../kernel/metadata.ts";
import { toFrames } from "./frames.ts";

/**
 * Framed authenticated encryption of one vault object.
 *
 *     magic "NSF1" (4) · salt (32) · frame 0 · frame 1 · … · last frame
 *     frame = AES-256-GCM ciphertext of 64 KiB (the last: 0 to 64 KiB) · tag (16)
 *
 * E1. Every sealing draws a 256-bit salt and derives its own AES key from it: HKDF-SHA-256(owner's key, salt, object's
 *     reference). So a retry or an overwrite of the same object never meets a used pair of key and nonce, whatever
 *     crashed before, and no counter has to survive; the nonce is the frame's index, which occurs once per derived key.
 * E2. The associated data is reference, index and whether the frame is the last. A frame that is changed, moved, repeated,
 *     dropped, brought from another object or another sealing, or cut off at the end does not authenticate.
 * E3. A frame is handed on only after its tag was checked. A consumer may have had earlier frames by then: they are
 *     authentic, and the stream ends in `content_tampered` instead of ending.
 * E4. Not covered: putting back a whole earlier sealing of the same object. Whoever can do that can also delete it.
 */
const magic = Buffer.from("NSF1", "latin1");
const saltBytes = 32;
const headerBytes = magic.byteLength + saltBytes;
const tagBytes = 16;
const nonceBytes = 12;

/** How many bytes of content a frame holds. */
export const frameBytes = 64 * 1024;

const algorithm = "aes-256-gcm";

export interface SealingKey {
  /** The 32 bytes of the owner's key for this purpose. */
  readonly key: Uint8Array;
  /** The object that is sealed or opened. */
  readonly ref: ContentRef;
}

/** Encrypts a byte stream of any length, frame by frame. */
export async function* sealStream(
  source: AsyncIterable<Uint8Array>,
  { key, ref }: SealingKey,
): AsyncGenerator<Uint8Array, void> {
  const salt = randomBytes(saltBytes);
  const objectKey = deriveKey(key, salt, ref);
  for await (const { bytes, index, last } of toFrames(
    source,
    () => frameBytes,
  )) {
    const cipher = createCipheriv(algorithm, objectKey, nonceOf(index));
    cipher.setAAD(associatedData(ref, index, last));
    const sealed = [cipher.update(bytes), cipher.final(), cipher.getAuthTag()];
    yield Buffer.concat(index === 0 ? [magic, salt, ...sealed] : sealed);
  }
}

/**
 * Decrypts what `sealStream` made.
 *
 * @throws NucleusError content_tampered at the first byte that is not authentic; errors of the source pass through
 */
export async function* openStream(
  source: AsyncIterable<Uint8Array>,
  { key, ref }: SealingKey,
): AsyncGenerator<Uint8Array, void> {
  let objectKey: Uint8Array | undefined;
  for await (const { bytes, index, last } of toFrames(source, (index) =>
    index === 0 ? headerBytes : frameBytes + tagBytes,
  )) {
    if (objectKey === undefined) {
      objectKey = deriveKey(key, readSalt(bytes, last), ref);
    } else {
      const content = openFrame(objectKey, ref, bytes, index - 1, last);
      if (content.byteLength > 0) yield content;
    }
  }
}

function readSalt(header: Buffer, last: boolean): Uint8Array {
  const isHeader =
    header.byteLength === headerBytes &&
    magic.equals(header.subarray(0, magic.byteLength));
  if (!isHeader || last) throw new NucleusError("content_tampered");
  return header.subarray(magic.byteLength);
}

function openFrame(
  objectKey: Uint8Array,
  ref: ContentRef,
  frame: Buffer,
  index: number,
  last: boolean,
): Uint8Array {
  const cut = frame.byteLength - tagBytes;
  if (cut < 0) throw new NucleusError("content_tampered");
  const decipher = createDecipheriv(algorithm, objectKey, nonceOf(index), {
    authTagLength: tagBytes,
  });
  decipher.setAAD(associatedData(ref, index, last));
  decipher.setAuthTag(frame.subarray(cut));
  const content = decipher.update(frame.subarray(0, cut));
  try {
    decipher.final();
  } catch {
    throw new NucleusError("content_tampered");
  }
  return content;
}

function deriveKey(
  key: Uint8Array,
  salt: Uint8Array,
  ref: ContentRef,
): Uint8Array {
  const info = Buffer.from(`nucleus sealing v1\0${ref}`, "utf8");
  return new Uint8Array(hkdfSync("sha256", key, salt, info, 32));
}

function nonceOf(index: number): Uint8Array {
  const nonce = Buffer.alloc(nonceBytes);
  nonce.writeUInt32BE(index, nonceBytes - 4);
  return nonce;
}

function associatedData(
  ref: ContentRef,
  index: number,
  last: boolean,
): Uint8Array {
  const position = Buffer.alloc(5);
  position.writeUInt32BE(index, 0);
  position.writeUInt8(last ? 1 : 0, 4);
  return Buffer.concat([Buffer.from(ref, "utf8"), position]);
}
