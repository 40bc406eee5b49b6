import { z } from "zod";
import type { PersonaDefinition } from "../shared/personas/persona.ts";
import type { PersonaModel } from "../shared/personas/persona-model.ts";
import type { CorpusDocument } from "./read-documents.ts";

/** What a good summary of a document says: one regular expression a point. */
export const SummaryPoints = z.strictObject({
  document: z.string(),
  points: z.array(z.string()).min(1),
});
export type SummaryPoints = z.infer<typeof SummaryPoints>;

export interface SummaryOutcome {
  readonly name: string;
  readonly held: readonly string[];
  readonly missed: readonly string[];
  readonly sentences: number;
}

/** Has each document summarised by itself and looks for its points of reference in the sentences that were chosen. */
export async function measureSummaries(
  references: readonly SummaryPoints[],
  corpus: readonly CorpusDocument[],
  model: PersonaModel,
  persona: PersonaDefinition,
): Promise<SummaryOutcome[]> {
  const outcomes: SummaryOutcome[] = [];
  for (const { document: name, points } of references) {
    const found = corpus.find((candidate) => candidate.name === name);
    if (found === undefined)
      throw new Error(`the corpus has no document '${name}'`);
    const opinion = await model.answer(
      { persona, query: undefined, documents: [found.document] },
      new AbortController().signal,
    );
    const said = opinion.quotes
      .map(({ text }) => text.replace(/\s+/g, " "))
      .join(" ");
    const isSaid = (point: string): boolean => new RegExp(point).test(said);
    outcomes.push({
      name,
      held: points.filter(isSaid),
      missed: points.filter((point) => !isSaid(point)),
      sentences: opinion.quotes.length,
    });
  }
  return outcomes;
}
