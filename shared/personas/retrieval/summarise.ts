import { type Passage, plain } from "../passages.ts";
import type { Question } from "./question.ts";
import { type RankedPassage, rankPassages } from "./rank-passages.ts";
import type { Evidence } from "./select-evidence.ts";
import { leansOnContext, splitSentences } from "./sentences.ts";
import { toTerms } from "./terms.ts";

/** Passages that are read sentence by sentence, and sentences that are compared with one another. */
const passageLimit = 400;
const sentenceLimit = 400;
const telltalePassages = 5;
const damping = 0.85;
const rounds = 20;
const tooSimilar = 0.45;
/** Paragraphs say first what they are about. */
const leading = 1.4;
/** Sentences with a number say something that can be checked. */
const factual = 1.3;
const wordsOfGoodSentence = { atLeast: 6, atMost: 45 } as const;

interface Candidate extends Evidence {
  readonly terms: ReadonlySet<string>;
}

/**
 * The most central sentences of the documents: those that share most with the others (TextRank, R. Mihalcea and
 * P. Tarau, 2004), without near-repetitions, every document represented as far as `count` allows. In document order.
 *
 * @param topics - narrows the summary to what it is asked about; empty for everything.
 */
export function summarise(
  passages: readonly Passage[],
  topics: readonly Question[],
  count: number,
): Evidence[] {
  const prose = proseOf(onTopic(passages, topics));
  const rarity = rarityOfTerms(prose);
  const candidates = prose
    .map((passage) => ({
      passage,
      weight: centrality(toTerms(plain(passage.text)), rarity),
    }))
    .toSorted((a, b) => b.weight - a.weight)
    .slice(0, passageLimit)
    .flatMap(({ passage }) => toCandidates(passage))
    .slice(0, sentenceLimit);
  const scored = textRank(candidates, rarity).toSorted(
    (a, b) => b.score - a.score,
  );
  return choose(scored, count).toSorted(
    (a, b) =>
      a.passage.artifactIndex - b.passage.artifactIndex || a.start - b.start,
  );
}

function onTopic(
  passages: readonly Passage[],
  topics: readonly Question[],
): readonly Passage[] {
  const terms = topics
    .flatMap((topic) => topic.terms)
    .filter(({ factor }) => factor === 1);
  if (terms.length === 0) return passages;
  const { ranked } = rankPassages(passages, terms);
  const best = ranked[0]?.score ?? 0;
  const documents = documentsAbout(ranked);
  const close = ranked.filter(
    ({ passage, score }) =>
      documents.has(passage.artifactIndex) && score >= best / 3,
  );
  return close.length === 0 ? passages : close.map(({ passage }) => passage);
}

/** Documents whose best passages together come near to those of the best document. */
function documentsAbout(ranked: readonly RankedPassage[]): ReadonlySet<number> {
  const sums = new Map<number, number>();
  const counts = new Map<number, number>();
  for (const { passage, score } of ranked) {
    const index = passage.artifactIndex;
    const count = counts.get(index) ?? 0;
    if (count >= telltalePassages) continue;
    counts.set(index, count + 1);
    sums.set(index, (sums.get(index) ?? 0) + score);
  }
  const most = Math.max(0, ...sums.values());
  const near = [...sums].filter(([, sum]) => sum >= 0.6 * most);
  return new Set(near.map(([index]) => index));
}

/** Paragraphs and list items; table rows only of a document that has hardly anything else. */
function proseOf(passages: readonly Passage[]): Passage[] {
  const counts = new Map<number, number>();
  for (const { kind, artifactIndex } of passages)
    if (kind !== "row")
      counts.set(artifactIndex, (counts.get(artifactIndex) ?? 0) + 1);
  return passages.filter(
    ({ kind, artifactIndex }) =>
      kind !== "row" || (counts.get(artifactIndex) ?? 0) < 3,
  );
}

function rarityOfTerms(passages: readonly Passage[]): (term: string) => number {
  const frequency = new Map<string, number>();
  for (const passage of passages)
    for (const term of new Set(toTerms(plain(passage.text))))
      frequency.set(term, (frequency.get(term) ?? 0) + 1);
  return (term) => {
    const count = frequency.get(term) ?? 0;
    // What occurs once connects nothing; what is everywhere says nothing.
    return count < 2 ? 0 : Math.log(1 + passages.length / count);
  };
}

function centrality(
  terms: readonly string[],
  rarity: (term: string) => number,
): number {
  let sum = 0;
  for (const term of new Set(terms)) sum += rarity(term);
  return sum / Math.sqrt(terms.length + 5);
}

function toCandidates(passage: Passage): Candidate[] {
  const slices =
    passage.kind === "row"
      ? [{ start: 0, end: passage.text.length }]
      : splitSentences(passage.text);
  return slices.flatMap(({ start, end }) => {
    const text = plain(passage.text.slice(start, end));
    const words = text.split(" ").length;
    const isWhole =
      passage.kind === "row" ||
      (/[.!]["'”’)]?$/.test(text) && words >= wordsOfGoodSentence.atLeast);
    if (!isWhole || words > wordsOfGoodSentence.atMost || leansOnContext(text))
      return [];
    return [
      {
        passage,
        start: passage.start + start,
        end: passage.start + end,
        score: (start === 0 ? leading : 1) * (/\d/.test(text) ? factual : 1),
        terms: new Set(toTerms(text)),
      },
    ];
  });
}

function textRank(
  candidates: readonly Candidate[],
  rarity: (term: string) => number,
): Candidate[] {
  const count = candidates.length;
  const weights = new Float64Array(count * count);
  const outgoing = new Float64Array(count);
  for (const [i, a] of candidates.entries())
    for (let j = 0; j < i; j += 1) {
      const weight = similarity(a, candidates[j]!, rarity);
      weights[i * count + j] = weight;
      weights[j * count + i] = weight;
      outgoing[i]! += weight;
      outgoing[j]! += weight;
    }

  let ranks = new Float64Array(count).fill(1);
  for (let round = 0; round < rounds; round += 1) {
    const next = new Float64Array(count).fill(1 - damping);
    for (let i = 0; i < count; i += 1) {
      if (outgoing[i] === 0) continue;
      const share = (damping * ranks[i]!) / outgoing[i]!;
      for (let j = 0; j < count; j += 1)
        next[j]! += share * weights[i * count + j]!;
    }
    ranks = next;
  }
  return candidates.map((candidate, index) => ({
    ...candidate,
    score: candidate.score * (ranks[index] ?? 0),
  }));
}

/** Weighted overlap of two sentences' terms, so that rare shared terms bind more. */
function similarity(
  a: Candidate,
  b: Candidate,
  rarity: (term: string) => number,
): number {
  let shared = 0;
  for (const term of a.terms) if (b.terms.has(term)) shared += rarity(term);
  return shared === 0
    ? 0
    : shared / (Math.log(1 + a.terms.size) + Math.log(1 + b.terms.size));
}

/**
 * First the best of each document, then the best of each section, then the best of all, leaving out what repeats a
 * chosen one: what a text says of its second subject is worth more to a reader than what else it says of its first.
 */
function choose(scored: readonly Candidate[], count: number): Candidate[] {
  const chosen = new Set<Candidate>();
  const take = (candidate: Candidate): void => {
    const repeats = [...chosen].some(
      (other) => overlap(candidate, other) > tooSimilar,
    );
    if (chosen.size < count && !repeats) chosen.add(candidate);
  };
  const takeBestOfEach = (
    groupOf: (candidate: Candidate) => string | number,
  ): void => {
    const seen = new Set([...chosen].map(groupOf));
    for (const candidate of scored) {
      const group = groupOf(candidate);
      if (seen.has(group)) continue;
      seen.add(group);
      take(candidate);
    }
  };
  takeBestOfEach(({ passage }) => passage.artifactIndex);
  takeBestOfEach(({ passage }) => sectionOf(passage));
  for (const candidate of scored) take(candidate);
  return [...chosen];
}

/** A section with a heading; without headings each paragraph is one. */
function sectionOf({ artifactIndex, headings, start }: Passage): string {
  return headings.length > 1
    ? `${artifactIndex} ${headings.join("\n")}`
    : `${artifactIndex} ${start}`;
}

function overlap(a: Candidate, b: Candidate): number {
  let shared = 0;
  for (const term of a.terms) if (b.terms.has(term)) shared += 1;
  return shared / Math.max(1, Math.min(a.terms.size, b.terms.size));
}
