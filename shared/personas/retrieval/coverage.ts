import type { Question, QuestionTerm } from "./question.ts";
import { synonymsOf, toTerms } from "./terms.ts";

/** A text in or around a sentence, and what a term found there counts. */
export interface Place {
  readonly credit: number;
  /** In order, so that words side by side can be told. */
  readonly terms: readonly string[];
  readonly has: ReadonlySet<string>;
}

const forSynonym = 0.85;
/** For a word whose partner in a compound is missing: "park" alone is no "parking space". */
const forHalf = 0.6;
/** For each name or number of the question that is missing. */
const withoutRequired = 0.5;
/** For each other word of the question that is nowhere around. */
const withoutWord = 0.9;

export function toPlace(credit: number, text: string): Place {
  const terms = toTerms(text);
  return { credit, terms, has: new Set(terms) };
}

/** The share of the question, by rarity of its terms, that is found in `places`: 0 to 1. */
export function coverageOf(
  question: Question,
  places: readonly Place[],
  rarity: (term: string) => number,
): number {
  let found = 0;
  let sought = 0;
  let penalty = 1;
  for (const questionTerm of question.terms) {
    const weight = questionTerm.factor * rarity(questionTerm.term);
    const value = valueOf(questionTerm, places);
    found += weight * value;
    sought += weight;
    if (value > 0) continue;
    if (questionTerm.isRequired) penalty *= withoutRequired;
    else if (questionTerm.factor === 1) penalty *= withoutWord;
  }
  return sought === 0 ? 0 : (found / sought) * penalty;
}

function valueOf(
  { term, partner, labels }: QuestionTerm,
  places: readonly Place[],
): number {
  if (labels !== undefined && !standsLabelled(places, labels, term)) return 0;
  const own = creditOf(term, places);
  const isHalf = partner !== undefined && creditOf(partner, places) === 0;
  return isHalf ? own * forHalf : own;
}

/** What `term`, or a word that stands for it, counts in the best of `places`; 0 when it is in none. */
export function creditOf(term: string, places: readonly Place[]): number {
  const synonyms = synonymsOf(term);
  let best = 0;
  for (const { credit, has } of places) {
    if (has.has(term)) best = Math.max(best, credit);
    else if (
      credit * forSynonym > best &&
      synonyms.some((synonym) => has.has(synonym))
    )
      best = credit * forSynonym;
  }
  return best;
}

function standsLabelled(
  places: readonly Place[],
  label: string,
  number: string,
): boolean {
  return places.some(({ terms }) =>
    terms.some((term, index) => term === number && terms[index - 1] === label),
  );
}
