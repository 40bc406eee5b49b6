import { readFileSync } from "node:fs";
import { join } from "node:path";
import { z } from "zod";
import { fitDocuments } from "../shared/personas/retrieval/fit-documents.ts";
import { toQuestions } from "../shared/personas/retrieval/question.ts";
import { loadTokenizer } from "../shared/personas/retrieval/tokens.ts";
import { BenchQuestion } from "./measure-extractive.ts";
import { readCorpus } from "./read-documents.ts";

/**
 * What of the answers to the tuning questions is kept when the 20 documents of the corpus are fitted into a prompt:
 * `node bench/long-inputs.ts`.
 */
const rooms = [500, 1_000, 2_000, 4_000];
const file = join(import.meta.dirname, "questions.json");
const questions = z
  .array(BenchQuestion)
  .parse(JSON.parse(readFileSync(file, "utf8")))
  .filter(({ set }) => set === "tuning");
const corpus = (await readCorpus()).map(({ document }) => document);
const answered = questions.flatMap(({ query, expected }) =>
  expected === null ? [] : [{ query, expected: new RegExp(expected, "i") }],
);

for (const model of ["gpt-4o", "unknown"]) {
  const tokenizer = await loadTokenizer(model);
  console.log(`\n${model === "unknown" ? "counted by bytes" : "o200k_base"}`);
  for (const maxTokens of rooms) {
    const startedAtMs = performance.now();
    let kept = 0;
    let keptWithoutSearch = 0;
    let sent = 0;
    let whole = 0;
    for (const { query, expected } of answered) {
      const fitted = fitDocuments(corpus, toQuestions(query), {
        maxTokens,
        tokenizer,
      });
      sent = Math.max(sent, fitted.sentTokens);
      whole = fitted.wholeTokens;
      if (fitted.documents.some(({ text }) => expected.test(text))) kept += 1;
      const beginnings = fitDocuments(corpus, [], { maxTokens, tokenizer });
      if (beginnings.documents.some(({ text }) => expected.test(text)))
        keptWithoutSearch += 1;
    }
    const ms = (performance.now() - startedAtMs) / answered.length;
    console.log(
      `  ${maxTokens} of ${whole} tokens: ${kept} of ${answered.length} answers kept (${Math.round((100 * kept) / answered.length)} %), ${keptWithoutSearch} by the documents' beginnings; at most ${sent} sent, ${ms.toFixed(0)} ms for both`,
    );
  }
}
