/** Bytes as they are after one layer of encoding is taken off, with the way back to where they stood. */
export interface View {
  readonly encoding: string;
  readonly bytes: Buffer;
  /** No further layer can be found in it that was not found before it was decoded. */
  readonly isInnermost: boolean;
  /** Offset in the encoded bytes of the stretch that holds this decoded offset. */
  toOrigin(offset: number): number;
}

/** Gathers the encoded pieces of one view, to decode and search them together and not one by one. */
export interface PieceCollector {
  /** `piece` is still encoded; `decodedBytes` is what it comes to. */
  add(origin: number, piece: string, decodedBytes: number): void;
  /** The view of all pieces, or nothing when there are none. */
  toViews(): View[];
}

/** Creates the collector of one view; `decode` takes the joined pieces at once. */
export function createPieceCollector(
  encoding: string,
  decode: (joined: string) => Buffer,
  isInnermost = false,
): PieceCollector {
  const pieces: string[] = [];
  const starts: number[] = [];
  const origins: number[] = [];
  let length = 0;
  return {
    add: (origin, piece, decodedBytes) => {
      pieces.push(piece);
      starts.push(length);
      origins.push(origin);
      length += decodedBytes;
    },
    toViews: () =>
      pieces.length === 0
        ? []
        : [
            {
              encoding,
              bytes: decode(pieces.join("")),
              isInnermost,
              toOrigin: (offset) => origins[toIndex(starts, offset)] ?? 0,
            },
          ],
  };
}

/** Index of the last of the ascending `starts` that is not after `offset`. */
function toIndex(starts: readonly number[], offset: number): number {
  let low = 0;
  let high = starts.length - 1;
  while (low < high) {
    const middle = (low + high + 1) >> 1;
    if ((starts[middle] ?? 0) <= offset) low = middle;
    else high = middle - 1;
  }
  return low;
}
