import { type Passage, plain } from "../passages.ts";
import { synonymsOf, toTerms } from "./terms.ts";

export interface RankedPassage {
  readonly passage: Passage;
  /** BM25, with headings and table headers counted as part of the passage. */
  readonly score: number;
}

export interface Ranking {
  /** Passages with at least one of the terms, best first. */
  readonly ranked: readonly RankedPassage[];
  /** How rare a term is in these passages; a term that occurs nowhere is the rarest. */
  rarity(term: string): number;
}

const saturation = 1.2;
const lengthNormalisation = 0.6;
const synonymCredit = 0.6;
const contextCredit = 0.5;
/** Rarity is told as if there were this many, so that in a short text a single missing word does not outweigh all. */
const fewestPassages = 60;

/**
 * Ranks passages by BM25 in one scan: an index would be thrown away after its only query.
 * Fed with weighted terms, so that light words do not drown the topic.
 */
export function rankPassages(
  passages: readonly Passage[],
  query: readonly { readonly term: string; readonly factor: number }[],
): Ranking {
  const { frequencies, lengths, documentFrequency } = countTerms(
    passages,
    query.map(({ term }) => term),
  );
  const weights = documentFrequency.map((count) =>
    rarityOf(count, passages.length),
  );
  const averageLength =
    lengths.reduce((sum, length) => sum + length, 0) / passages.length || 1;

  const ranked = passages.flatMap((passage, index) => {
    const relativeLength = (lengths[index] ?? 0) / averageLength;
    const normaliser =
      saturation *
      (1 - lengthNormalisation + lengthNormalisation * relativeLength);
    let score = 0;
    for (const [position, { factor }] of query.entries()) {
      const frequency = frequencies[index]?.[position] ?? 0;
      const gain = (frequency * (saturation + 1)) / (frequency + normaliser);
      score += factor * (weights[position] ?? 0) * gain;
    }
    return score > 0 ? [{ passage, score }] : [];
  });

  const rarities = new Map(
    query.map(({ term }, position) => [term, weights[position]]),
  );
  return {
    ranked: ranked.toSorted((a, b) => b.score - a.score),
    rarity: (term) => rarities.get(term) ?? rarityOf(0, passages.length),
  };
}

interface Counts {
  /** Per passage, per term: occurrences, with synonyms and context counted in part. */
  readonly frequencies: readonly (readonly number[])[];
  /** Per passage: how many terms it has. */
  readonly lengths: readonly number[];
  /** Per term: in how many passages it occurs itself. */
  readonly documentFrequency: readonly number[];
}

function countTerms(
  passages: readonly Passage[],
  terms: readonly string[],
): Counts {
  const wanted = terms.map((term) => ({ term, synonyms: synonymsOf(term) }));
  const documentFrequency = terms.map(() => 0);
  const lengths: number[] = [];
  const contexts = new Map<string, ReadonlySet<string>>();

  const frequencies = passages.map((passage) => {
    const bag = new Map<string, number>();
    const own = toTerms(plain(passage.text));
    for (const term of own) bag.set(term, (bag.get(term) ?? 0) + 1);
    lengths.push(own.length);
    const context = contextTerms(passage, contexts);
    return wanted.map(({ term, synonyms }, position) => {
      let frequency = bag.get(term) ?? 0;
      if (context.has(term)) frequency += contextCredit;
      if (frequency > 0)
        documentFrequency[position] = (documentFrequency[position] ?? 0) + 1;
      for (const synonym of synonyms)
        frequency += synonymCredit * (bag.get(synonym) ?? 0);
      return frequency;
    });
  });
  return { frequencies, lengths, documentFrequency };
}

function rarityOf(documentFrequency: number, passageCount: number): number {
  const count = Math.max(passageCount, fewestPassages);
  return Math.log(
    1 + (count - documentFrequency + 0.5) / (documentFrequency + 0.5),
  );
}

function contextTerms(
  passage: Passage,
  known: Map<string, ReadonlySet<string>>,
): ReadonlySet<string> {
  const text = [
    ...passage.headings,
    ...passage.columns,
    passage.leadIn ?? "",
  ].join(" \n ");
  const cached = known.get(text);
  if (cached !== undefined) return cached;
  const terms = new Set(toTerms(text));
  known.set(text, terms);
  return terms;
}
