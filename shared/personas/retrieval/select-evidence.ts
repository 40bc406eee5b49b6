import { type Passage, plain, splitCells } from "../passages.ts";
import { coverageOf, toPlace } from "./coverage.ts";
import { type Cue, holds } from "./cues.ts";
import type { Question } from "./question.ts";
import { type RankedPassage, rankPassages } from "./rank-passages.ts";
import { leansOnContext, splitSentences } from "./sentences.ts";

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
  after: 0.3,
} as const;

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
  const topScore = best[0]?.score ?? 1;
  return best
    .flatMap((ranked) =>
      scorePassage(ranked, topScore, question, (term) => ranking.rarity(term)),
    )
    .toSorted((a, b) => b.score - a.score);
}

interface Unit {
  readonly start: number;
  readonly end: number;
  readonly plain: string;
}

function scorePassage(
  { passage, score }: RankedPassage,
  topScore: number,
  question: Question,
  rarity: (term: string) => number,
): Evidence[] {
  const units = toUnits(passage);
  const [title = "", ...headings] = passage.headings;
  const around = [
    toPlace(credit.columns, passage.columns.join("\n")),
    toPlace(credit.headings, [...headings, passage.leadIn ?? ""].join("\n")),
    toPlace(credit.title, title),
  ];
  return units.flatMap((unit, index) => {
    if (!isSaying(unit, passage)) return [];
    const before = units[index - 1];
    const after = units[index + 1];
    const places = [
      toPlace(credit.sentence, unit.plain),
      toPlace(credit.before, before?.plain ?? ""),
      toPlace(credit.after, after?.plain ?? ""),
      ...around,
    ];
    const covered = coverageOf(question, places, rarity);
    const relevance =
      coverageWeight * covered + (1 - coverageWeight) * (score / topScore);
    const first =
      before !== undefined && leansOnContext(unit.plain) ? before : unit;
    return {
      passage,
      start: passage.start + first.start,
      end: passage.start + unit.end,
      score: relevance * cueFit(question, unit, after, passage),
    };
  });
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

/** Whether what is asked for stands in the sentence, apart from what the question itself says. */
function cueFit(
  question: Question,
  unit: Unit,
  after: Unit | undefined,
  passage: Passage,
): number {
  const { cue } = question;
  if (cue === undefined) return 1;
  if (passage.kind === "row" && bareInTables.has(cue) && hasAmount(passage))
    return 1;
  if (holds(cue, withoutWordsOf(question.text, unit.plain))) return 1;
  if (cue === "person") return withoutCue;
  const isAfter =
    after !== undefined &&
    holds(cue, withoutWordsOf(question.text, after.plain));
  if (cue === "reason") return isAfter ? 1 : withCueAfter;
  return isAfter ? withCueAfter : withoutCue;
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
