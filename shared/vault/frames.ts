export interface Frame {
  /** Valid until the next frame is asked for: one buffer serves all. */
  readonly bytes: Buffer;
  readonly index: number;
  /** Whether the source ended with this frame. */
  readonly last: boolean;
}

/**
 * Cuts a byte stream into frames of `sizeOf(index)` bytes, however it was chunked. Only the last one may be shorter, and
 * an empty source is one empty last frame. A full frame is held back until it is known whether more follows.
 */
export async function* toFrames(
  source: AsyncIterable<Uint8Array>,
  sizeOf: (index: number) => number,
): AsyncGenerator<Frame, void> {
  let index = 0;
  let size = sizeOf(index);
  let buffer = Buffer.allocUnsafe(size);
  let filled = 0;
  for await (const chunk of source) {
    let taken = 0;
    while (taken < chunk.byteLength) {
      if (filled === size) {
        yield { bytes: buffer.subarray(0, filled), index, last: false };
        index += 1;
        size = sizeOf(index);
        if (buffer.byteLength < size) buffer = Buffer.allocUnsafe(size);
        filled = 0;
      }
      const part = chunk.subarray(taken, taken + size - filled);
      buffer.set(part, filled);
      filled += part.byteLength;
      taken += part.byteLength;
    }
  }
  yield { bytes: buffer.subarray(0, filled), index, last: true };
}
