/** Sequence numbers are reserved on disk in blocks: a restart may skip some, but repeats none. */
const SEQUENCE_BLOCK = 1000;

/** Counts on from the last number that may have been used; `reserve` writes the end of each new block. */
export function createSequence(
  reserved: number,
  reserve: (upTo: number) => void,
): () => number {
  let last = reserved;
  let upTo = reserved;
  return () => {
    last += 1;
    if (last > upTo) {
      upTo = last + SEQUENCE_BLOCK - 1;
      reserve(upTo);
    }
    return last;
  };
}
