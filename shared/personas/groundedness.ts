import { plain } from "./passages.ts";
import type { PersonaOpinion } from "./persona-model.ts";
import { splitSentences } from "./retrieval/sentences.ts";
import { hasDigit, synonymsOf, toTerms } from "./retrieval/terms.ts";

/** From here on a statement's words count as taken from the quotes; the rest is how it is phrased. */
const supported = 0.5;

/**
 * How much of what an opinion says stands in its quotes: the share of its statements (the sentences of the answer and
 * the key points), each weighted by its words, whose words are mostly found in one quote and whose numbers all are.
 *
 * A figure between 0 and 1 with two decimals. It says nothing about truth: quotes have been looked up in the documents,
 * so it tells a reader how much can be checked there. `undefined` for an opinion that states nothing, and for one that
 * says that the documents do not hold the answer.
 */
export function groundednessOf(
  opinion: Pick<PersonaOpinion, "answer" | "keyPoints" | "quotes" | "notFound">,
): number | undefined {
  if (opinion.notFound) return undefined;
  const evidence = opinion.quotes.map(
    ({ text, heading = "" }) => new Set(toTerms(plain(`${heading}\n${text}`))),
  );
  let stated = 0;
  let held = 0;
  for (const statement of statementsOf(opinion)) {
    const terms = [...new Set(toTerms(plain(statement)))];
    stated += terms.length;
    if (evidence.some((words) => isHeld(terms, words))) held += terms.length;
  }
  return stated === 0 ? undefined : Math.round((100 * held) / stated) / 100;
}

function statementsOf({
  answer,
  keyPoints,
}: Pick<PersonaOpinion, "answer" | "keyPoints">): string[] {
  return [answer, ...keyPoints].flatMap((text) =>
    text
      .split("\n")
      .flatMap((line) =>
        splitSentences(line).map(({ start, end }) => line.slice(start, end)),
      ),
  );
}

function isHeld(
  terms: readonly string[],
  evidence: ReadonlySet<string>,
): boolean {
  if (terms.some((term) => hasDigit(term) && !evidence.has(term))) return false;
  const found = terms.filter(
    (term) =>
      evidence.has(term) ||
      synonymsOf(term).some((synonym) => evidence.has(synonym)),
  );
  return found.length >= supported * terms.length;
}
