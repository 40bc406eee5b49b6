import { z } from "zod";
import { Content } from "../kernel/content.ts";
import { Count } from "../kernel/metadata.ts";
import type {
  PersonaDocument,
  PersonaOpinion,
  PersonaRequest,
} from "./persona-model.ts";
import type { PersonaDefinition } from "./persona.ts";
import { noteTokens } from "./part-counts.ts";
import type { Tokenizer } from "./retrieval/tokens.ts";
import { TokenUsage } from "./token-usage.ts";

/** What one call noted of a part. It is content: sealed under the work key. */
export const Note = z.strictObject({
  schemaVersion: z.literal(1),
  /** What was noted, by the document that it is about. */
  documents: z.array(
    z.strictObject({ artifactIndex: Count, text: z.string() }),
  ),
  /** How many parts of the documents it rests on. */
  partsRead: Count,
  usage: TokenUsage,
});
export type Note = z.infer<typeof Note>;

const verbatim = "Verbatim:";
const intro = `(Notes on this document, which was read in parts. The line below "${verbatim}" is its own words: quote from such lines only.)`;

const task = (query: string | undefined): string =>
  `What you see is one part of something longer; other parts are read separately. Note for a reader who will not see this part what it says: in "answer" in a few sentences, in keyPoints each fact, number, name, date, duty and finding that matters, in quotes the sentences that matter most. Do not remark that other parts are missing.${query === undefined ? "" : ` The notes will serve this task:\n${query}`}`;

/** Asks for notes on a part: with the persona's instructions, and without what only its final answer must be. */
export function toNoteRequest(
  persona: PersonaDefinition,
  query: string | undefined,
  documents: readonly PersonaDocument[],
): Pick<PersonaRequest, "persona" | "query" | "documents"> {
  const { responseSchema: _, ...notetaker } = persona;
  const { minQuotes: __, ...guardrails } = persona.guardrails;
  return {
    persona: { ...notetaker, guardrails: { ...guardrails, minQuotes: 0 } },
    query: Content.fromText(task(query)),
    documents,
  };
}

/** What an opinion on a part says, below the documents that its quotes stand in; no longer than a note may be. */
export function toNoteDocuments(
  opinion: Pick<PersonaOpinion, "answer" | "keyPoints" | "quotes">,
  documents: readonly PersonaDocument[],
  tokenizer: Tokenizer,
): Note["documents"] {
  const first = documents[0]?.artifactIndex;
  if (first === undefined) return [];
  const lines = [
    { artifactIndex: first, line: opinion.answer },
    ...opinion.keyPoints.map((point) => ({
      artifactIndex: first,
      line: `- ${point}`,
    })),
    // A line of its own, with nothing around it: what is copied from here stands in the document.
    ...opinion.quotes.map(({ artifactIndex, text }) => ({
      artifactIndex,
      line: `${verbatim}\n${text}`,
    })),
  ];
  let left = noteTokens;
  const kept = lines.filter(({ line }) => {
    const tokens = tokenizer.count(`${line}\n`);
    const fits = tokens <= left;
    if (fits) left -= tokens;
    return fits;
  });
  return mergeDocuments(
    kept.map(({ artifactIndex, line }) => ({ artifactIndex, text: line })),
  );
}

/** Notes as the documents of one call: all that is noted of one document together. */
export function toNotedDocuments(notes: readonly Note[]): PersonaDocument[] {
  return mergeDocuments(notes.flatMap(({ documents }) => documents)).map(
    ({ artifactIndex, text }) => ({
      artifactIndex,
      text: Content.fromText(`${intro}\n\n${text}`),
    }),
  );
}

function mergeDocuments(documents: Note["documents"]): Note["documents"] {
  const byDocument = Map.groupBy(
    documents,
    ({ artifactIndex }) => artifactIndex,
  );
  return [...byDocument]
    .toSorted(([left], [right]) => left - right)
    .map(([artifactIndex, of]) => ({
      artifactIndex,
      text: of.map(({ text }) => text).join("\n\n"),
    }));
}
