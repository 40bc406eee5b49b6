import { readFileSync } from "node:fs";
import { join } from "node:path";
import { z } from "zod";
import { createExtractiveModel } from "../shared/personas/adapters/extractive.ts";
import { loadPersonas } from "../shared/personas/load-personas.ts";
import {
  BenchQuestion,
  type Figures,
  measureExtractive,
  type QuestionOutcome,
  toFigures,
} from "./measure-extractive.ts";
import { measureSummaries, SummaryPoints } from "./measure-summaries.ts";
import { readCorpus } from "./read-documents.ts";

/**
 * Asks the extractive model the questions of `questions.json` about the 20 documents of the corpus, has it summarise
 * those of `summary-points.json`, and prints what it did.
 *
 * `tuning` questions may be looked at while the model is built. Of `held-out` ones only the figures are printed, unless
 * they are asked for by `node bench/extractive.ts held-out`: whoever has seen them one by one no longer holds them out.
 */
const root = join(import.meta.dirname, "..");
const read = (file: string): unknown =>
  JSON.parse(readFileSync(join(root, "bench", file), "utf8"));
const questions = z.array(BenchQuestion).parse(read("questions.json"));
const points = z.array(SummaryPoints).parse(read("summary-points.json"));
const persona = loadPersonas(join(root, "personas")).get("analyst");
if (persona === undefined) throw new Error("personas/analyst.yaml is missing");

const corpus = await readCorpus();
const asked = process.argv[2];
for (const set of asked === undefined ? ["tuning", "held-out"] : [asked]) {
  const outcomes = await measureExtractive(
    questions.filter((question) => question.set === set),
    corpus.map(({ document }) => document),
    createExtractiveModel(),
    persona,
  );
  console.log(`\n${set}`);
  if (set === "tuning" || asked !== undefined)
    for (const outcome of outcomes) console.log(toLine(outcome));
  console.log(toSummary(toFigures(outcomes)));
}

console.log("\nsummaries (points of reference that they hold)");
for (const { name, held, missed, sentences } of await measureSummaries(
  points,
  corpus,
  createExtractiveModel(),
  persona,
))
  console.log(
    `  ${name.padEnd(34)}${held.length} of ${held.length + missed.length} in ${sentences} sentences   missing: ${missed.join(", ")}`,
  );

function toLine({ verdict, query, quotes }: QuestionOutcome): string {
  const [first] = quotes;
  const quote =
    first === undefined ? "" : `\n          “${first.replace(/\s+/g, " ")}”`;
  return `  ${verdict.padEnd(6)}  ${query}${quote}`;
}

function toSummary(figures: Figures): string {
  const { hits, answerable, falseAnswers, unanswerable } = figures;
  return [
    `  answerable:   ${hits} of ${answerable} hit (${percent(hits, answerable)}; goal at least 70 %)`,
    `  unanswerable: ${falseAnswers} of ${unanswerable} answered falsely (${percent(falseAnswers, unanswerable)}; goal at most 10 %)`,
    `  quotes:       ${figures.verbatimQuotes} of ${figures.quotes} verbatim at their location (goal: all)`,
  ].join("\n");
}

function percent(part: number, whole: number): string {
  return `${Math.round((100 * part) / whole)} %`;
}
