/** How many consecutive words of a source count as a leak of it. */
const runLength = 8;
/** A run of fewer different words or characters is a phrase of tables and lists, not of this source. */
const minimumDistinctWords = 5;
const minimumCharacters = 24;

export interface SourceText {
  readonly name: string;
  readonly text: string;
}

export type OnRun = (source: string) => void;

const isWordUnit = toWordTable();
// Two polynomials modulo 2^32 over the words' hashes: together 53 bits, so that runs do not meet by chance.
const highBase = 0x9e3779b1;
const lowBase = 0x85ebca6b;
const highBasePower = power(highBase, runLength);
const lowBasePower = power(lowBase, runLength);

/**
 * Finds every run of eight consecutive words of the sources in a text, whatever its case, white space and punctuation.
 * Reports the first word of each stretch once.
 */
export function createWordRunSearch(
  sources: readonly SourceText[],
): (text: string, onRun: OnRun) => void {
  const runs = new Map<number, string>();
  // Most runs of a text are not in the map: one bit tells so without hashing a double.
  const mayBeKnown = new Uint8Array(1 << 21);
  for (const source of sources) {
    forEachRun(source.text, (high, low, isTelling) => {
      if (!isTelling()) return;
      runs.set(toKey(high, low), source.name);
      mayBeKnown[high >>> 11] = 1;
    });
  }

  return (text, onRun) => {
    if (runs.size === 0) return;
    let previous: string | undefined;
    forEachRun(text, (high, low) => {
      const found =
        mayBeKnown[high >>> 11] === 1 ? runs.get(toKey(high, low)) : undefined;
      if (found !== undefined && found !== previous) onRun(found);
      previous = found;
    });
  };
}

function toKey(high: number, low: number): number {
  return (high >>> 0) * 2 ** 21 + (low >>> 11);
}

/** Calls `visit` with the two rolling hashes of each eight consecutive words. */
function forEachRun(
  text: string,
  visit: (high: number, low: number, isTelling: () => boolean) => void,
): void {
  const lower = text.toLowerCase();
  const hashes = new Int32Array(runLength);
  const starts = new Int32Array(runLength);
  let words = 0;
  let high = 0;
  let low = 0;
  let wordEnd = 0;
  const isTelling = (): boolean => {
    const begin = starts[words % runLength] ?? 0;
    return (
      wordEnd - begin >= minimumCharacters &&
      new Set(hashes).size >= minimumDistinctWords
    );
  };
  for (let at = 0; at < lower.length; at += 1) {
    if (isWordUnit[lower.charCodeAt(at)] === 0) continue;
    const start = at;
    let hash = 0x811c9dc5;
    for (; at < lower.length; at += 1) {
      const unit = lower.charCodeAt(at);
      if (isWordUnit[unit] === 0) break;
      hash = Math.imul(hash ^ unit, 0x01000193);
    }
    hash ^= hash >>> 15;
    const slot = words % runLength;
    const leaving = hashes[slot] ?? 0;
    hashes[slot] = hash;
    starts[slot] = start;
    words += 1;
    wordEnd = at;
    high =
      (Math.imul(high, highBase) + hash - Math.imul(leaving, highBasePower)) |
      0;
    low =
      (Math.imul(low, lowBase) + hash - Math.imul(leaving, lowBasePower)) | 0;
    if (words >= runLength) visit(high, low, isTelling);
  }
}

/** 1 for each UTF-16 unit of a word: letters, marks, digits, and the halves of what lies beyond the basic plane. */
function toWordTable(): Uint8Array {
  const table = new Uint8Array(65_536);
  const word = /[\p{L}\p{M}\p{N}\p{Cs}]/u;
  for (let unit = 0; unit < table.length; unit += 1)
    table[unit] = word.test(String.fromCharCode(unit)) ? 1 : 0;
  return table;
}

function power(base: number, exponent: number): number {
  let result = 1;
  for (let i = 0; i < exponent; i += 1) result = Math.imul(result, base);
  return result;
}
