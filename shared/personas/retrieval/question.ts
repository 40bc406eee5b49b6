import { type Cue, cueOf } from "./cues.ts";
import { splitSentences } from "./sentences.ts";
import { hasDigit, isLight, toTerms } from "./terms.ts";

export interface QuestionTerm {
  readonly term: string;
  /** How much the term counts beside its rarity: 1, or less for light and for inherited words. */
  readonly factor: number;
  /** A name, number or identifier: a passage without it speaks of something else. */
  readonly isRequired: boolean;
  /** The other half of a compound such as "parking space": without it, this half speaks of something else. */
  readonly partner: string | undefined;
  /** The word that a number is the label of, as in "Severity 4": elsewhere the number means something else. */
  readonly labels: string | undefined;
}

/** One thing that is asked. */
export interface Question {
  readonly text: string;
  readonly terms: readonly QuestionTerm[];
  readonly cue: Cue | undefined;
  /** What is counted, named or described: "bees" in "How many bees live here?". Undefined where no word stands for it. */
  readonly head: string | undefined;
  /** "How many" asks for a number of its head, which stands in front of it. */
  readonly isCount: boolean;
}

const lightFactor = 0.3;
const inheritedFactor = 0.5;
/** What is longer or more is no question that a search could answer, and costs time. */
const longestQuery = 4_000;
const mostQuestions = 6;
const furtherQuestion =
  /[,;]?\s+and\s+(?=(?:who|when|where|why|how|what|which)\b)|[,;]\s+(?=(?:when|where|why|what) (?:is|are|was|were|do|does|did|has|have|had|will|would|can|could|shall|should|must)\b|how (?:many|much|long|often|large|high)\b)/i;

/** Several questions in one query are answered one by one; a pronoun in a later one stands for the first's topic. */
export function toQuestions(query: string): Question[] {
  const parts = splitQuery(query.slice(0, longestQuery)).slice(
    0,
    mostQuestions,
  );
  const questions: Question[] = [];
  for (const text of parts) {
    const [first] = questions;
    const inherits =
      first !== undefined &&
      /\b(?:it|its|they|them|their|this|that|these|those)\b/i.test(text);
    const cue = cueOf(text);
    const own = toQuestionTerms(text, cue);
    const terms = inherits ? withInherited(own, first.terms) : own;
    if (terms.length > 0)
      questions.push({
        text,
        terms,
        cue,
        head: headOf(text),
        isCount: /\bhow many\b/i.test(text),
      });
  }
  return questions;
}

/** The query's sentences, only the questions where there are any, each split where a further question begins. */
function splitQuery(query: string): string[] {
  const sentences = query
    .split("\n")
    .flatMap((line) =>
      splitSentences(line).map(({ start, end }) => line.slice(start, end)),
    );
  const asked = sentences.filter((sentence) => /\?\W*$/.test(sentence));
  return (asked.length > 0 ? asked : sentences)
    .flatMap((sentence) => sentence.split(furtherQuestion))
    .map((part) => part.trim())
    .filter((part) => toTerms(part).length > 0);
}

function toQuestionTerms(text: string, cue: Cue | undefined): QuestionTerm[] {
  const named = new Set(toTerms(namesIn(text).join(" ")));
  const partners = compoundsIn(text);
  const labels = labelsIn(text);
  return [...new Set(toTerms(text))].map((term) => ({
    term,
    partner: partners.get(term),
    labels: labels.get(term),
    factor: isSmall(term, cue) && !named.has(term) ? lightFactor : 1,
    isRequired: hasDigit(term) || named.has(term),
  }));
}

const headed = [
  /\bhow many ((?:[\w-]+ ){1,3}?)(?:is|are|was|were|do|does|did|has|have|had|will|can|may|must|in|of|on)\b/i,
  /\bhow many ([\w-]+)/i,
  /\b(?:what|which) (?:is|are|was|were) (?:the |its |their )((?:[\w'-]+ ){1,4}?)(?:of|for|in|on|to|that|per|at|by|from|between)\b/i,
  /\bwhich ([\w-]+)/i,
  /\bwhat ((?:[\w-]+ ){1,2}?)(?:is|are|was|were|do|does|did|has|have|had|will|can)\b/i,
] as const;

/** The last content word of the noun phrase that a question word belongs to, unless answers often do without it. */
function headOf(text: string): string | undefined {
  const phrase = headed
    .map((pattern) => pattern.exec(text)?.[1])
    .find((found) => found !== undefined);
  const head = toTerms(phrase ?? "").at(-1);
  return head === undefined || isLight(head) ? undefined : head;
}

const payment: ReadonlySet<string> = new Set(
  toTerms("pay paid charge spend spent refund reimburse owe"),
);

/** That an amount of money is paid or charged need not be said where the amount stands. */
function isSmall(term: string, cue: Cue | undefined): boolean {
  return isLight(term) || (cue === "money" && payment.has(term));
}

function withInherited(
  own: readonly QuestionTerm[],
  inherited: readonly QuestionTerm[],
): QuestionTerm[] {
  const known = new Set(own.map(({ term }) => term));
  return [
    ...own,
    ...inherited
      .filter(({ term }) => !known.has(term))
      .map(({ term, factor }) => ({
        term,
        factor: factor * inheritedFactor,
        isRequired: false,
        partner: undefined,
        labels: undefined,
      })),
  ];
}

/** Content words side by side, each with its neighbour: the first neighbour where there are two. */
function compoundsIn(text: string): Map<string, string> {
  const partners = new Map<string, string>();
  const words = text.split(/\s+/);
  for (const [index, word] of words.entries()) {
    const [term, ...more] = toTerms(word);
    const [next, ...others] = toTerms(words[index + 1] ?? "");
    if (term === undefined || next === undefined) continue;
    const isPair = more.length === 0 && others.length === 0;
    if (!isPair || /[,;:.!?]$/.test(word)) continue;
    if (isLight(term) || isLight(next)) continue;
    if (!partners.has(term)) partners.set(term, next);
    if (!partners.has(next)) partners.set(next, term);
  }
  return partners;
}

const labelled =
  /(\p{L}+) (\d{1,3})(?![\d.,%])(?! ?(?:seconds?|minutes?|hours?|days?|weeks?|months?|years?|percent|per|EUR|USD|euros?|dollars?|k?m|k?g|or|to)\b)/gu;

/** Numbers that follow a noun directly and do not count anything, each with that noun. Years are no labels. */
function labelsIn(text: string): Map<string, string> {
  const labels = new Map<string, string>();
  for (const [, word = "", number = ""] of text.matchAll(labelled)) {
    const [term] = toTerms(word);
    if (term !== undefined && !isLight(term)) labels.set(number, term);
  }
  return labels;
}

/** Capitalised words that do not begin the question; none when the whole question is written in capitals. */
function namesIn(text: string): string[] {
  const words = text.split(/\s+/).slice(1);
  const capitalised = words.filter((word) => /^[("'“]?\p{Lu}/u.test(word));
  return capitalised.length > words.length * 0.6 ? [] : capitalised;
}

const summaryRequest =
  /^\W*(?:please\s+|can you\s+|could you\s+)*(?:summari[sz]e|sum up|outline|tl;?dr|(?:give|write|create|make|provide|prepare|show)(?:\s+\w+){0,3}\s+(?:summary|overview|abstract|outline)|(?:a\s+)?(?:short\s+|brief\s+)?(?:summary|overview|key points|main points)\b|what (?:is|are) (?:this|these|the) (?:documents?|files?|texts?|attachments?|artifacts?)?\s*about|what (?:do|does) (?:this|these|the) (?:documents?|files?|texts?) say\W*$|what are the (?:main|key|most important) (?:points|messages|findings|takeaways))/i;

/** Whether the query asks for a summary rather than for one fact. */
export function asksForSummary(query: string): boolean {
  return summaryRequest.test(query);
}
