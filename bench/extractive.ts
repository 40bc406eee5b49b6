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
import { readDocuments } from "./read-documents.ts";

/**
 * Asks the extractive model the questions of `questions.json` about the example documents and prints what it did.
 * `tuning` questions were known while the model was built, `held-out` ones were asked once, when it was finished.
 */
const root = join(import.meta.dirname, "..");
const questions = z
  .array(BenchQuestion)
  .parse(JSON.parse(readFileSync(join(root, "bench/questions.json"), "utf8")));
const persona = loadPersonas(join(root, "personas")).get("analyst");
if (persona === undefined) throw new Error("personas/analyst.yaml is missing");

const documents = await readDocuments(join(root, "examples/documents"));
const sets =
  process.argv[2] === undefined ? ["tuning", "held-out"] : [process.argv[2]];
for (const set of sets) {
  const outcomes = await measureExtractive(
    questions.filter((question) => question.set === set),
    documents,
    createExtractiveModel(),
    persona,
  );
  console.log(`\n${set}`);
  for (const outcome of outcomes) console.log(toLine(outcome));
  console.log(toSummary(toFigures(outcomes)));
}

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
