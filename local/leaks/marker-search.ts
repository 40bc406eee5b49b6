/** A byte pattern and the marker that it stands for. */
export interface Pattern {
  readonly marker: string;
  /** How the pattern writes the marker, such as `utf-16le`; `raw` for UTF-8. */
  readonly encoding: string;
  readonly bytes: Buffer;
}

/** A pattern shorter than this would match by chance. */
export const minimumPatternBytes = 6;

export type OnPattern = (pattern: Pattern, offset: number) => void;

/**
 * Searches any number of patterns in one pass: a shift table over pairs of bytes (Wu and Manber) tells at the end of
 * each window how far the next possible match is away, so most bytes are never looked at.
 *
 * @throws RangeError when a pattern is shorter than `minimumPatternBytes`.
 */
export function createMarkerSearch(
  patterns: readonly Pattern[],
): (bytes: Buffer, onPattern: OnPattern) => void {
  if (patterns.some(({ bytes }) => bytes.length < minimumPatternBytes))
    throw new RangeError(
      `A marker has at least ${minimumPatternBytes} bytes of UTF-8.`,
    );
  const window = Math.min(255, ...patterns.map(({ bytes }) => bytes.length));
  const shifts = new Uint8Array(65_536).fill(window - 1);
  const candidates = new Map<number, Pattern[]>();
  for (const pattern of patterns) {
    for (let end = 1; end < window; end += 1) {
      const pair = pattern.bytes.readUInt16LE(end - 1);
      shifts[pair] = Math.min(shifts[pair] ?? 0, window - 1 - end);
      if (end === window - 1)
        candidates.set(pair, [...(candidates.get(pair) ?? []), pattern]);
    }
  }

  return (bytes, onPattern) => {
    if (patterns.length === 0) return;
    let end = window - 1;
    while (end < bytes.length) {
      const pair = (bytes[end - 1] ?? 0) | ((bytes[end] ?? 0) << 8);
      const shift = shifts[pair] ?? 0;
      if (shift > 0) {
        end += shift;
        continue;
      }
      const start = end - window + 1;
      for (const pattern of candidates.get(pair) ?? [])
        if (startsWith(bytes, start, pattern.bytes)) onPattern(pattern, start);
      end += 1;
    }
  };
}

function startsWith(bytes: Buffer, start: number, pattern: Buffer): boolean {
  return (
    start + pattern.length <= bytes.length &&
    bytes.compare(pattern, 0, pattern.length, start, start + pattern.length) ===
      0
  );
}
