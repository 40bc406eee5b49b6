import { type Passage, plain, splitCells } from "../passages.ts";
import { coverageOf, creditOf, type Place, toPlace } from "./coverage.ts";
import { type Cue, holds } from "./cues.ts";
import type { Question } from "./question.ts";
import { type RankedPassage, rankPassages } from "./rank-passages.ts";
import { leansOnContext, splitSentences } from "./sentences.ts";
import { hasDigit, synonymsOf } from "./terms.ts";

/** A sentence, list item or table row that may answer a question. */
export interface Evidence {
  readonly passage: Passage;
  /** Offsets into the document's text. */
  readonly start: number;
  readonly end: number;
  /** 0 to about 1: how much of the question the sentence and its surroundings cover, with what is asked for in it. */
  readonly score: number;
}

/** Passages looked into sentence by sentence, the best by BM25. */
const candidatePassages = 80;

/** What a question's term counts, by where it is found. */
const credit = {
  sentence: 1,
  columns: 0.9,
  before: 0.6,
  headings: 0.7,
  title: 0.5,
  opening: 0.2,
  after: 0.3,
} as const;
/** What is counted or named is not there: the sentence speaks of something else. */
const withoutHead = 0.75;
/** What is counted is there, but its number is not. */
const withoutCount = 0.85;
const wordsBeforeCounted = 3;

const withoutCue = 0.6;
const withCueAfter = 0.85;
const coverageWeight = 0.9;

/** The sentences that may answer `question`, best first. */
export function selectEvidence(
  passages: readonly Passage[],
  question: Question,
): Evidence[] {
  const ranking = rankPassages(passages, question.terms);
  const best = ranking.ranked.slice(0, candidatePassages);
  const openings = openingsOf(passages);
  const search: Search = {
    question,
    topScore: best[0]?.score ?? 1,
    rarity: (term) => ranking.rarity(term),
    openingOf: ({ artifactIndex }) =>
      openings.get(artifactIndex) ?? toPlace(credit.opening, ""),
  };
  return best
    .flatMap((ranked) => scorePassage(ranked, search))
    .toSorted((a, b) => b.score - a.score);
}

interface Search {
  readonly question: Question;
  readonly topScore: number;
  readonly rarity: (term: string) => number;
  /** What the passage's document says at its beginning, where most say what they are about. */
  readonly openingOf: (passage: Passage) => Place;
}

const openingPassages = 3;

function openingsOf(passages: readonly Passage[]): Map<number, Place> {
  const texts = new Map<number, string[]>();
  for (const { artifactIndex, headings, text } of passages) {
    const opening = texts.get(artifactIndex) ?? headings.slice(0, 1);
    if (opening.length <= openingPassages) opening.push(plain(text));
    texts.set(artifactIndex, opening);
  }
  return new Map(
    [...texts].map(([index, opening]) => [
      index,
      toPlace(credit.opening, opening.join("\n")),
    ]),
  );
}

interface Unit {
  readonly start: number;
  readonly end: number;
  readonly plain: string;
}

function scorePassage(
  { passage, score }: RankedPassage,
  { question, topScore, rarity, openingOf }: Search,
): Evidence[] {
  const units = toUnits(passage);
  const [title = "", ...headings] = passage.headings;
  const around = [
    toPlace(credit.columns, passage.columns.join("\n")),
    toPlace(credit.headings, [...headings, passage.leadIn ?? ""].join("\n")),
    toPlace(credit.title, title),
    openingOf(passage),
  ];
  return units.flatMap((unit, index) => {
    if (!isSaying(unit, passage)) return [];
    const before = units[index - 1];
    const after = units[index + 1];
    const near = [
      toPlace(credit.sentence, unit.plain),
      toPlace(credit.before, before?.plain ?? ""),
    ];
    const covered = coverageOf(
      question,
      [...near, toPlace(credit.after, after?.plain ?? ""), ...around],
      rarity,
    );
    const relevance =
      coverageWeight * covered + (1 - coverageWeight) * (score / topScore);
    const first =
      before !== undefined && leansOnContext(unit.plain) ? before : unit;
    const cue = cueFit(question, unit, after, passage);
    return {
      passage,
      start: passage.start + first.start,
      end: passage.start + (cue.isInNext ? (after ?? unit) : unit).end,
      score:
        relevance *
        cue.fit *
        headFit(question, [...near, ...around.slice(0, 2)], passage),
    };
  });
}

/** Whether what is counted, named or described is near, and its number in front of it where a number is asked for. */
function headFit(
  { head, isCount }: Question,
  places: readonly Place[],
  passage: Passage,
): number {
  if (head === undefined) return 1;
  if (creditOf(head, places) === 0) return withoutHead;
  const isCounted =
    !isCount ||
    passage.kind === "row" ||
    places.some(({ terms }) => isNumbered(head, terms));
  return isCounted ? 1 : withoutCount;
}

function isNumbered(head: string, terms: readonly string[]): boolean {
  const named = new Set([head, ...synonymsOf(head)]);
  return terms.some(
    (term, index) =>
      named.has(term) &&
      terms
        .slice(Math.max(0, index - wordsBeforeCounted), index)
        .some((before) => hasDigit(before)),
  );
}

function toUnits(passage: Passage): Unit[] {
  const slices =
    passage.kind === "row"
      ? [{ start: 0, end: passage.text.length }]
      : splitSentences(passage.text);
  return slices.map(({ start, end }) => ({
    start,
    end,
    plain: plain(passage.text.slice(start, end)),
  }));
}

/** Not a heading that lost its mark, a line of a table of contents, or a sentence that only announces others. */
function isSaying(unit: Unit, passage: Passage): boolean {
  if (passage.kind === "row") return true;
  if (/\.{4,}|(?:\. ){4,}|_{4,}/.test(unit.plain)) return false;
  if (/[:?]$/.test(unit.plain)) return false;
  return unit.plain.split(" ").length >= 3;
}

interface CueFit {
  readonly fit: number;
  /** What is asked for stands in the sentence that follows. */
  readonly isInNext: boolean;
}

/** Whether what is asked for stands in the sentence, apart from what the question itself says. */
function cueFit(
  question: Question,
  unit: Unit,
  after: Unit | undefined,
  passage: Passage,
): CueFit {
  const { cue } = question;
  const here = (fit: number): CueFit => ({ fit, isInNext: false });
  if (cue === undefined) return here(1);
  if (passage.kind === "row" && bareInTables.has(cue) && hasAmount(passage))
    return here(1);
  if (holds(cue, withoutWordsOf(question.text, unit.plain))) return here(1);
  if (cue === "person") return here(withoutCue);
  const isInNext =
    after !== undefined &&
    holds(cue, withoutWordsOf(question.text, after.plain));
  if (isInNext) return { fit: cue === "reason" ? 1 : withCueAfter, isInNext };
  return here(cue === "reason" ? withCueAfter : withoutCue);
}

/** What tables write as a bare number: the unit stands in the header or in the title. */
const bareInTables: ReadonlySet<Cue> = new Set([
  "money",
  "duration",
  "percent",
]);

/** Whether a cell behind the first is an amount, with or without a unit. */
function hasAmount(row: Passage): boolean {
  return splitCells(row.text)
    .slice(1)
    .some((cell) => /^\D{0,4}\d[\d.,\s]*(?:%|\p{L}{1,10}\.?)?$/u.test(cell));
}

/** `text` without the question's own names and numbers, which cannot be its answer. */
function withoutWordsOf(question: string, text: string): string {
  const own = new Set(
    question.split(/[\s?.,;:!]+/).filter((word) => /\d|^\p{Lu}/u.test(word)),
  );
  return text.replace(
    /[\p{L}\p{N}][\p{L}\p{N}.,-]*[\p{L}\p{N}]|[\p{L}\p{N}]/gu,
    (word) => (own.has(word) ? "_" : word),
  );
}
