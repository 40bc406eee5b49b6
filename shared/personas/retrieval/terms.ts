import { stem } from "./stem.ts";
import {
  lightWords,
  numberWords,
  stopWords,
  synonymGroups,
} from "./vocabulary.ts";

const token = /[\p{L}\p{N}]+(?:[-.,:/'’][\p{L}\p{N}]+)*/gu;
const quarters = ["first", "second", "third", "fourth"];

/**
 * The terms of a text, in order: words stemmed, without stop words and accents; numbers without separators;
 * identifiers such as "TW-3" as one term.
 */
export function toTerms(text: string): string[] {
  const terms: string[] = [];
  const normalised = text
    .replace(/\bin addition\b/gi, " ")
    .replace(
      /\b(first|second|third|fourth) quarter\b/gi,
      (_, ordinal: string) => `Q${quarters.indexOf(ordinal.toLowerCase()) + 1}`,
    );
  for (const [raw] of normalised.matchAll(token))
    for (const part of splitToken(raw)) {
      const term = toTerm(part);
      if (term !== undefined) terms.push(term);
    }
  return terms;
}

/** Whether the term is a number or carries one, as an identifier does. */
export function hasDigit(term: string): boolean {
  return /\d/.test(term);
}

function splitToken(raw: string): string[] {
  if (!/\d/.test(raw)) return raw.split(/[-.,:/]/);
  return /\p{L}/u.test(raw) && !/^[\p{L}\d]*[-\p{L}\d]*$/u.test(raw)
    ? raw.split(/[.,:/]/)
    : [raw];
}

function toTerm(word: string): string | undefined {
  if (/^[\d.,]+$/.test(word)) return word.replace(/,(?=\d{3})/g, "");
  const folded = fold(word);
  if (folded === "" || stopWords.has(folded)) return undefined;
  const number = numberWords.get(folded);
  if (number !== undefined) return number;
  return hasDigit(folded) ? folded.replaceAll("-", "") : stem(folded);
}

function fold(word: string): string {
  const lower = word.toLowerCase();
  const plain = /^[a-z0-9-]*$/.test(lower)
    ? lower
    : lower.normalize("NFKD").replace(/\p{M}/gu, "");
  return plain.replace(/['’](?:s|t|re|ve|ll|d|m)?$|['’]/g, "");
}

const light: ReadonlySet<string> = new Set(
  lightWords.map((word) => stem(word)),
);

/** Whether an answer often does without this term of its question. */
export function isLight(term: string): boolean {
  return light.has(term);
}

const synonyms: ReadonlyMap<string, readonly string[]> = buildSynonyms();

/** Terms that may stand for `term`, without itself. */
export function synonymsOf(term: string): readonly string[] {
  return synonyms.get(term) ?? [];
}

function buildSynonyms(): Map<string, readonly string[]> {
  const groups = synonymGroups.map((group) => [
    ...new Set(group.map((word) => stem(word))),
  ]);
  const members = new Set(groups.flat());
  return new Map(
    [...members].map((member) => {
      const near = groups.filter((group) => group.includes(member)).flat();
      return [member, [...new Set(near)].filter((term) => term !== member)];
    }),
  );
}
