import { z } from "zod";
import { Content } from "../shared/kernel/content.ts";
import type { PersonaDefinition } from "../shared/personas/persona.ts";
import type {
  PersonaDocument,
  PersonaModel,
} from "../shared/personas/persona-model.ts";
import { verifyQuote } from "../shared/personas/quotes.ts";

/** A question on the example documents. */
export const BenchQuestion = z.strictObject({
  set: z.enum(["tuning", "held-out"]),
  query: z.string(),
  /** A regular expression that a right quote matches; `null` when the documents do not hold the answer. */
  expected: z.string().nullable(),
});
export type BenchQuestion = z.infer<typeof BenchQuestion>;

export interface QuestionOutcome {
  readonly query: string;
  /** `hit` and `silent` (nothing said where nothing is known) are right; `wrong` missed a fact, `false` made one up. */
  readonly verdict: "hit" | "miss" | "wrong" | "silent" | "false";
  readonly quotes: readonly string[];
  readonly verbatim: number;
}

export interface Figures {
  readonly answerable: number;
  readonly hits: number;
  readonly unanswerable: number;
  readonly falseAnswers: number;
  readonly quotes: number;
  readonly verbatimQuotes: number;
}

/** Asks every question of all documents at once and judges each answer. */
export async function measureExtractive(
  questions: readonly BenchQuestion[],
  documents: readonly PersonaDocument[],
  model: PersonaModel,
  persona: PersonaDefinition,
): Promise<QuestionOutcome[]> {
  const outcomes: QuestionOutcome[] = [];
  for (const question of questions) {
    const opinion = await model.answer(
      { persona, query: Content.fromText(question.query), documents },
      new AbortController().signal,
    );
    outcomes.push({
      query: question.query,
      verdict: judge(
        question,
        opinion.quotes.map(({ text }) => text),
      ),
      quotes: opinion.quotes.map(({ text }) => text),
      verbatim: opinion.quotes.filter((quote) => verifyQuote(documents, quote))
        .length,
    });
  }
  return outcomes;
}

function judge(
  { expected }: BenchQuestion,
  quotes: readonly string[],
): QuestionOutcome["verdict"] {
  if (expected === null) return quotes.length === 0 ? "silent" : "false";
  if (quotes.length === 0) return "miss";
  const fact = new RegExp(expected, "i");
  const says = quotes.some((quote) => fact.test(quote.replace(/\s+/g, " ")));
  return says ? "hit" : "wrong";
}

export function toFigures(outcomes: readonly QuestionOutcome[]): Figures {
  const count = (...verdicts: QuestionOutcome["verdict"][]): number =>
    outcomes.filter(({ verdict }) => verdicts.includes(verdict)).length;
  return {
    answerable: count("hit", "miss", "wrong"),
    hits: count("hit"),
    unanswerable: count("silent", "false"),
    falseAnswers: count("false"),
    quotes: outcomes.reduce((sum, { quotes }) => sum + quotes.length, 0),
    verbatimQuotes: outcomes.reduce((sum, { verbatim }) => sum + verbatim, 0),
  };
}
