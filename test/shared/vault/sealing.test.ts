import { createHash, randomBytes } from "node:crypto";
import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import { ContentRef } from "../../../shared/kernel/metadata.ts";
import {
  frameBytes,
  openStream,
  sealStream,
  type SealingKey,
} from "../../../shared/vault/sealing.ts";

const headerBytes = 36;
const sealedFrameBytes = frameBytes + 16;
const safe: SealingKey = {
  key: randomBytes(32),
  ref: ContentRef.parse("j1:work:text"),
};

async function* chunked(
  bytes: Uint8Array,
  sizes: readonly number[] = [bytes.byteLength || 1],
): AsyncGenerator<Uint8Array> {
  let at = 0;
  for (let n = 0; at < bytes.byteLength; n += 1) {
    const size = sizes[n % sizes.length] ?? 1;
    yield bytes.subarray(at, at + size);
    at += size;
  }
}

async function seal(
  content: Uint8Array,
  sizes?: readonly number[],
  by: SealingKey = safe,
): Promise<Buffer> {
  const parts: Uint8Array[] = [];
  for await (const part of sealStream(chunked(content, sizes), by)) {
    parts.push(part);
  }
  return Buffer.concat(parts);
}

/** What opening handed on, and the code it ended with. */
async function open(
  sealed: Uint8Array,
  sizes?: readonly number[],
  by: SealingKey = safe,
) {
  const parts: Uint8Array[] = [];
  let code = "opened";
  try {
    for await (const part of openStream(chunked(sealed, sizes), by)) {
      parts.push(part);
    }
  } catch (error) {
    code = (error as { code: string }).code;
  }
  return { code, content: Buffer.concat(parts) };
}

function contentOf(size: number): Buffer {
  return createHash("shake256", { outputLength: size })
    .update(String(size))
    .digest();
}

const nearBorder = fc
  .tuple(fc.integer({ min: 0, max: 3 }), fc.integer({ min: -2, max: 2 }))
  .map(([frames, off]) => Math.max(0, frames * frameBytes + off));
const anySizes = fc.array(fc.integer({ min: 1, max: 100_000 }), {
  minLength: 1,
  maxLength: 4,
});
const fewRuns = { numRuns: 60, seed: 7 };

/** Three frames: two full ones and a rest. */
const content = contentOf(2 * frameBytes + 100);
const frameOf = (sealed: Buffer, index: number) =>
  sealed.subarray(
    headerBytes + index * sealedFrameBytes,
    headerBytes + (index + 1) * sealedFrameBytes,
  );
const headerOf = (sealed: Buffer) => sealed.subarray(0, headerBytes);

describe("sealing", () => {
  it("any content comes back, however it and its sealed form were chunked", async () => {
    await fc.assert(
      fc.asyncProperty(nearBorder, anySizes, anySizes, async (size, a, b) => {
        const original = contentOf(size);
        const sealed = await seal(original, a);
        const frames = Math.max(1, Math.ceil(size / frameBytes));
        expect(sealed.byteLength).toBe(headerBytes + size + 16 * frames);
        const opened = await open(sealed, b);
        expect(opened.code).toBe("opened");
        expect(opened.content.equals(original)).toBe(true);
      }),
      fewRuns,
    );
  });

  it("sealing the same content again shares no byte pattern with the first", async () => {
    const [first, second] = [await seal(content), await seal(content)];
    expect(headerOf(first).equals(headerOf(second))).toBe(false);
    for (let n = 0; n < 3; n += 1) {
      const start = frameOf(first, n).subarray(0, 16);
      expect(second.includes(start)).toBe(false);
    }
    expect(first.includes(content.subarray(0, 8))).toBe(false);
  });
});

describe("opening what was tampered with", () => {
  it("every single flipped bit of a small object is found, and nothing is handed on", async () => {
    const sealed = await seal(Buffer.from("ten bytes!"));
    for (let bit = 0; bit < sealed.byteLength * 8; bit += 1) {
      const changed = Buffer.from(sealed);
      changed[bit >> 3] = (changed[bit >> 3] ?? 0) ^ (1 << (bit & 7));
      const { code, content: handed } = await open(changed);
      expect([bit, code, handed.byteLength]).toEqual([
        bit,
        "content_tampered",
        0,
      ]);
    }
  });

  it("a flipped bit of a large object is found, and only the frames before it are handed on", async () => {
    const sealed = await seal(content);
    await fc.assert(
      fc.asyncProperty(
        fc.nat(sealed.byteLength - 1),
        fc.nat(7),
        async (at, bit) => {
          const changed = Buffer.from(sealed);
          changed[at] = (changed[at] ?? 0) ^ (1 << bit);
          const opened = await open(changed);
          const frame = Math.floor((at - headerBytes) / sealedFrameBytes);
          const before = content.subarray(0, Math.max(0, frame) * frameBytes);
          expect(opened.code).toBe("content_tampered");
          expect(opened.content.equals(before)).toBe(true);
        },
      ),
      fewRuns,
    );
  });

  it("every truncation is found: each length of a small object, each border and any length of a large one", async () => {
    const small = await seal(Buffer.from("ten bytes!"));
    for (let length = 0; length < small.byteLength; length += 1) {
      const { code } = await open(small.subarray(0, length));
      expect([length, code]).toEqual([length, "content_tampered"]);
    }
    const large = await seal(content);
    const borders = [0, 1, 2].map((n) => headerBytes + n * sealedFrameBytes);
    const lengths = [
      ...borders.flatMap((border) => [border - 1, border, border + 1]),
      large.byteLength - 1,
    ];
    for (const length of lengths) {
      const { code } = await open(large.subarray(0, length));
      expect([length, code]).toEqual([length, "content_tampered"]);
    }
    await fc.assert(
      fc.asyncProperty(fc.nat(large.byteLength - 1), async (length) => {
        const { code } = await open(large.subarray(0, length));
        expect(code).toBe("content_tampered");
      }),
      fewRuns,
    );
  });

  it("a truncation to a whole number of frames is found when content ended on a border", async () => {
    const sealed = await seal(contentOf(2 * frameBytes));
    const { code } = await open(
      sealed.subarray(0, headerBytes + sealedFrameBytes),
    );
    expect(code).toBe("content_tampered");
  });

  it("frames that are swapped, repeated, dropped or appended are found", async () => {
    const sealed = await seal(content);
    const header = headerOf(sealed);
    const [a, b, c] = [0, 1, 2].map((n) => frameOf(sealed, n)) as [
      Buffer,
      Buffer,
      Buffer,
    ];
    const changed = [
      [header, b, a, c],
      [header, a, a, b, c],
      [header, a, c],
      [header, b, c],
      [header, a, b, c, c],
      [header, a, b, c, Buffer.from([0])],
      [header, a, b, c, header, a, b, c],
    ];
    for (const parts of changed) {
      const { code } = await open(Buffer.concat(parts));
      expect(code).toBe("content_tampered");
    }
  });

  it("a frame of another sealing of the same object is found", async () => {
    const [first, second] = [await seal(content), await seal(content)];
    const mixed = Buffer.concat([
      headerOf(first),
      frameOf(first, 0),
      frameOf(second, 1),
      frameOf(first, 2),
    ]);
    expect((await open(mixed)).code).toBe("content_tampered");
  });

  it("another object's bytes, and another key, do not open", async () => {
    const sealed = await seal(content);
    const names = ["j1:work:other", "j2:work:text", "j1:result:text"];
    for (const name of names) {
      const other = { ...safe, ref: ContentRef.parse(name) };
      expect(await open(sealed, undefined, other)).toMatchObject({
        code: "content_tampered",
        content: Buffer.alloc(0),
      });
    }
    const otherKey = { ...safe, key: randomBytes(32) };
    expect((await open(sealed, undefined, otherKey)).code).toBe(
      "content_tampered",
    );
  });
});
