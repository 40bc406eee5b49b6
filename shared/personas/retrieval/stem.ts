/**
 * Porter's suffix-stripping algorithm (M. F. Porter, 1980), so that "terminate" and "termination" are one term.
 * Step names are those of the paper.
 */

const stems = new Map<string, string>();
const cacheLimit = 50_000;

/** The stem of an English word in lower case. Words of one or two letters stay. */
export function stem(word: string): string {
  const known = stems.get(word);
  if (known !== undefined) return known;
  const result = word.length < 3 ? word : porter(word);
  if (stems.size >= cacheLimit) stems.clear();
  stems.set(word, result);
  return result;
}

function porter(word: string): string {
  const steps = [step1a, step1b, step1c, step2, step3, step4, step5];
  return steps.reduce((stemmed, step) => step(stemmed), word);
}

function isConsonant(word: string, index: number): boolean {
  const letter = word[index];
  if (letter === "y") return index === 0 || !isConsonant(word, index - 1);
  return letter === undefined || !"aeiou".includes(letter);
}

/** The paper's m: how often a run of vowels is followed by a run of consonants. */
function measure(word: string): number {
  let count = 0;
  for (let index = 1; index < word.length; index += 1)
    if (isConsonant(word, index) && !isConsonant(word, index - 1)) count += 1;
  return count;
}

function hasVowel(word: string): boolean {
  for (let index = 0; index < word.length; index += 1)
    if (!isConsonant(word, index)) return true;
  return false;
}

function endsWithDouble(word: string): boolean {
  const last = word.length - 1;
  return last > 0 && word[last] === word[last - 1] && isConsonant(word, last);
}

/** The paper's *o: consonant, vowel, consonant, the last not w, x or y. */
function endsWithShortSyllable(word: string): boolean {
  const last = word.length - 1;
  return (
    last >= 2 &&
    isConsonant(word, last) &&
    !isConsonant(word, last - 1) &&
    isConsonant(word, last - 2) &&
    !"wxy".includes(word[last] ?? "")
  );
}

/** Replaces the longest suffix of `rules` that `word` ends with, if what is left measures more than `minimum`. */
function replaceSuffix(
  word: string,
  rules: readonly (readonly [string, string])[],
  minimum: number,
): string {
  for (const [suffix, replacement] of rules) {
    if (!word.endsWith(suffix)) continue;
    const rest = word.slice(0, -suffix.length);
    return measure(rest) > minimum ? rest + replacement : word;
  }
  return word;
}

function step1a(word: string): string {
  if (word.endsWith("sses") || word.endsWith("ies")) return word.slice(0, -2);
  return word.endsWith("s") && !word.endsWith("ss") ? word.slice(0, -1) : word;
}

function step1b(word: string): string {
  if (word.endsWith("eed"))
    return measure(word.slice(0, -3)) > 0 ? word.slice(0, -1) : word;
  const suffix = ["ed", "ing"].find((ending) => word.endsWith(ending));
  const rest = suffix === undefined ? "" : word.slice(0, -suffix.length);
  if (!hasVowel(rest)) return word;
  if (/(?:at|bl|iz)$/.test(rest)) return `${rest}e`;
  if (endsWithDouble(rest) && !/[lsz]$/.test(rest)) return rest.slice(0, -1);
  return measure(rest) === 1 && endsWithShortSyllable(rest) ? `${rest}e` : rest;
}

function step1c(word: string): string {
  return word.endsWith("y") && hasVowel(word.slice(0, -1))
    ? `${word.slice(0, -1)}i`
    : word;
}

/** Longest first, so that the first match is the longest. */
function byLength(
  rules: readonly (readonly [string, string])[],
): readonly (readonly [string, string])[] {
  return rules.toSorted(([a], [b]) => b.length - a.length);
}

const step2Rules = byLength([
  ["ational", "ate"],
  ["tional", "tion"],
  ["enci", "ence"],
  ["anci", "ance"],
  ["izer", "ize"],
  ["abli", "able"],
  ["alli", "al"],
  ["entli", "ent"],
  ["eli", "e"],
  ["ousli", "ous"],
  ["ization", "ize"],
  ["ation", "ate"],
  ["ator", "ate"],
  ["alism", "al"],
  ["iveness", "ive"],
  ["fulness", "ful"],
  ["ousness", "ous"],
  ["aliti", "al"],
  ["iviti", "ive"],
  ["biliti", "ble"],
]);

const step3Rules = byLength([
  ["icate", "ic"],
  ["ative", ""],
  ["alize", "al"],
  ["iciti", "ic"],
  ["ical", "ic"],
  ["ful", ""],
  ["ness", ""],
]);

const step4Rules = byLength(
  [
    "al ance ence er ic able ible ant ement ment ent",
    "ou ism ate iti ous ive ize",
  ]
    .join(" ")
    .split(" ")
    .map((suffix) => [suffix, ""] as const),
);

function step2(word: string): string {
  return replaceSuffix(word, step2Rules, 0);
}

function step3(word: string): string {
  return replaceSuffix(word, step3Rules, 0);
}

function step4(word: string): string {
  if (/[st]ion$/.test(word))
    return measure(word.slice(0, -3)) > 1 ? word.slice(0, -3) : word;
  return replaceSuffix(word, step4Rules, 1);
}

function step5(word: string): string {
  let result = word;
  if (result.endsWith("e")) {
    const rest = result.slice(0, -1);
    const size = measure(rest);
    if (size > 1 || (size === 1 && !endsWithShortSyllable(rest))) result = rest;
  }
  return result.endsWith("ll") && measure(result) > 1
    ? result.slice(0, -1)
    : result;
}
