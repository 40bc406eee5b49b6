import { setImmediate as nextTurn } from "node:timers/promises";
import { toReferenceIndex } from "../../artifacts/part-index.ts";
import { type Passage, plain, splitCells, splitPassages } from "../passages.ts";
import { toScore } from "../consensus.ts";
import type {
  PersonaDocument,
  PersonaModel,
  PersonaOpinion,
  Quote,
} from "../persona-model.ts";
import { toQuote, toReadable } from "../quotes.ts";
import {
  asksForSummary,
  type Question,
  toQuestions,
} from "../retrieval/question.ts";
import { type Evidence, selectEvidence } from "../retrieval/select-evidence.ts";
import { summarise } from "../retrieval/summarise.ts";
import { toTerms } from "../retrieval/terms.ts";
import { toAbortError } from "../to-abort-error.ts";
import { extractData } from "./extractive-data.ts";

const extractiveModelName = "extractive-1";

/** Below this, what was found speaks of something near, and "not found" is the honest answer. */
const enough = 0.66;
const closeToBest = 0.9;
const quotesPerQuestion = 3;
const summarySentences = {
  perDocument: 2,
  perWords: 45,
  atLeast: 4,
  atMost: 10,
} as const;

type Answer = Omit<PersonaOpinion, "usage" | "model">;

/**
 * A model without a language model: it searches the documents and answers in their own words. Works offline, costs
 * nothing, gives the same answer every time, never phrases anything, and says so. Tuned for English.
 */
export function createExtractiveModel(): PersonaModel {
  return {
    name: extractiveModelName,
    async answer({ persona, query, documents }, signal) {
      const passages = await readPassages(documents, signal);
      const text = query?.revealText().trim() ?? "";
      const questions = toQuestions(text);
      const answer =
        questions.length === 0 || asksForSummary(text)
          ? answerWithSummary(
              passages,
              asksForSummary(text) ? toTopics(text) : [],
              documents.length,
            )
          : await answerQuestions(passages, questions, signal);
      const { responseSchema } = persona;
      const data =
        responseSchema === undefined || answer.notFound
          ? undefined
          : await extractData(responseSchema, (question) =>
              findPassages(passages, question, signal),
            );
      return {
        ...answer,
        ...(data !== undefined && { data }),
        usage: { inputTokens: 0, outputTokens: 0 },
        model: extractiveModelName,
      };
    },
  };
}

async function readPassages(
  documents: readonly PersonaDocument[],
  signal: AbortSignal,
): Promise<Passage[]> {
  const passages: Passage[] = [];
  for (const { artifactIndex, text } of documents) {
    await breathe(signal);
    for (const passage of splitPassages(artifactIndex, text.revealText()))
      passages.push(passage);
  }
  return passages;
}

/** Lets others work between two documents or questions, and stops when nobody waits any more. */
async function breathe(signal: AbortSignal): Promise<void> {
  await nextTurn();
  if (signal.aborted) throw toAbortError(signal.reason);
}

/** What answers a question, in the documents' own words, best first. */
async function findPassages(
  passages: readonly Passage[],
  text: string,
  signal: AbortSignal,
): Promise<string[]> {
  await breathe(signal);
  const [question] = toQuestions(text);
  return question === undefined
    ? []
    : convincing(selectEvidence(passages, question)).map((evidence) =>
        readable(evidence, question),
      );
}

function toTopics(request: string): Question[] {
  const topic = request.replace(
    /\b(?:summari[sz]e|sum up|outline|summary|overview|abstract|key|main|important|most|points?|messages?|findings?|takeaways?|documents?|files?|texts?|short|brief|sentences?|bullets?|words?)\b/gi,
    " ",
  );
  return toQuestions(topic);
}

async function answerQuestions(
  passages: readonly Passage[],
  questions: readonly Question[],
  signal: AbortSignal,
): Promise<Answer> {
  const found: { question: Question; evidence: readonly Evidence[] }[] = [];
  const scores: number[] = [];
  for (const question of questions) {
    await breathe(signal);
    const candidates = selectEvidence(passages, question);
    scores.push(toScore(candidates[0]?.score ?? 0));
    found.push({ question, evidence: convincing(candidates) });
  }
  // How much of the questions is covered, on average; of what is not found, how much is not.
  const coverage =
    scores.reduce((sum, score) => sum + score, 0) / Math.max(1, scores.length);
  const quotes = unique(found.flatMap(({ evidence }) => evidence.map(quoteOf)));
  if (quotes.length === 0)
    return {
      answer:
        "The documents do not seem to hold the answer: a search found no passage that covers the question.",
      keyPoints: [],
      quotes: [],
      notFound: true,
      confidence: toScore(1 - coverage),
    };

  const lines = found.map(({ question, evidence }) =>
    evidence[0] === undefined
      ? `Not found: ${question.text}`
      : toLine(evidence[0], question),
  );
  const keyPoints = found.flatMap(({ question, evidence }) =>
    evidence.map((item) => readable(item, question)),
  );
  return {
    answer: `Verbatim passages found by search, without a language model:\n${[...new Set(lines)].join("\n")}`,
    keyPoints: [...new Set(keyPoints)],
    quotes,
    notFound: false,
    confidence: toScore(coverage),
  };
}

function toLine(evidence: Evidence, question?: Question): string {
  return `“${readable(evidence, question)}” (${placeOf(evidence)})`;
}

/** The best, and what is about as good; nothing when even the best does not cover the question. */
function convincing(evidence: readonly Evidence[]): Evidence[] {
  const best = evidence[0]?.score ?? 0;
  if (best < enough) return [];
  const close = evidence.filter(
    ({ score }) => score >= Math.max(enough, best * closeToBest),
  );
  return withoutOverlaps(close).slice(0, quotesPerQuestion);
}

function withoutOverlaps(evidence: readonly Evidence[]): Evidence[] {
  return evidence.filter(
    (item, index) =>
      !evidence
        .slice(0, index)
        .some(
          (better) =>
            better.passage === item.passage &&
            item.start < better.end &&
            better.start < item.end,
        ),
  );
}

function answerWithSummary(
  passages: readonly Passage[],
  topics: readonly Question[],
  documentCount: number,
): Answer {
  const { perDocument, perWords, atLeast, atMost } = summarySentences;
  const count = Math.min(
    atMost,
    Math.max(
      atLeast,
      documentCount * perDocument,
      Math.ceil(countWords(passages) / perWords),
    ),
  );
  const evidence = summarise(passages, topics, count);
  const quotes = unique(evidence.map(quoteOf));
  if (quotes.length === 0)
    return {
      answer:
        "The documents hold no whole sentence that could stand in a summary.",
      keyPoints: [],
      quotes: [],
      notFound: true,
    };
  const lines = evidence.map((item) => toLine(item));
  return {
    answer: `The most central sentences, verbatim and chosen by search, without a language model:\n${lines.join("\n")}`,
    keyPoints: evidence.map((item) => readable(item)),
    quotes,
    notFound: false,
  };
}

function countWords(passages: readonly Passage[]): number {
  return passages.reduce((sum, { text }) => sum + text.split(/\s+/).length, 0);
}

function quoteOf({ passage, start, end }: Evidence): Quote {
  return toQuote(passage, start, end);
}

function unique(quotes: readonly Quote[]): Quote[] {
  const seen = new Map(quotes.map((quote) => [JSON.stringify(quote), quote]));
  return [...seen.values()];
}

/** A table row is read with its columns' names, only those that are asked for where they can be told. */
function readable(
  { passage, start, end }: Evidence,
  question?: Question,
): string {
  if (passage.kind !== "row" || passage.columns.length === 0)
    return toReadable(toQuote(passage, start, end));
  const cells = splitCells(passage.text);
  const asked = new Set(question?.terms.map(({ term }) => term));
  const columns = passage.columns.map((name) => toTerms(name));
  const telling = columns.map((terms) =>
    terms.some(
      (term) =>
        asked.has(term) &&
        !columns.every((other) => other === columns[0] || other.includes(term)),
    ),
  );
  const isTold = telling.slice(1).some(Boolean);
  return cells
    .map((cell, index) => ({ cell, index, name: passage.columns[index] ?? "" }))
    .filter(
      ({ cell, index }) =>
        cell !== "" && (index === 0 || !isTold || telling[index]),
    )
    .map(({ cell, index, name }) =>
      index === 0 || name === "" ? cell : `${name}: ${cell}`,
    )
    .join(" · ");
}

function placeOf({ passage }: Evidence): string {
  const { artifactIndex, page, place, heading } = passage;
  return [
    `document ${toReferenceIndex(artifactIndex) + 1}`,
    ...(place?.part === undefined ? [] : [`part ${place.part}`]),
    ...(page === undefined ? [] : [`page ${page}`]),
    ...(heading === undefined ? [] : [`under “${plain(heading)}”`]),
  ].join(", ");
}
