import type { PersonaRequest } from "../persona-model.ts";
import type { Tokenizer } from "../retrieval/tokens.ts";
import { toOpinionText, toSystemMessage } from "./openai-prompt.ts";

/** Roles, the words around the task and a repair, and what a count may be wrong by. */
const promptReserveTokens = 300;
/** The lines around a document. */
const documentReserveTokens = 40;
/** How much of the input budget a malformed answer may take when its repair is asked for. */
const repairShare = 1 / 16;

/** What a malformed answer may take when its repair is asked for. */
export function toRepairTokens({
  model,
}: Pick<PersonaRequest["persona"], "model">): number {
  return Math.floor(model.maxInputTokens * repairShare);
}

/** What is left for the documents in a call's prompt; below zero when instructions and query alone are too long. */
export function toDocumentRoom(
  request: PersonaRequest,
  { count }: Tokenizer,
): number {
  const { persona, query, documents, others = [] } = request;
  return (
    persona.model.maxInputTokens -
    count(toSystemMessage(request)) -
    count(query?.revealText() ?? "") -
    count(others.map(toOpinionText).join("\n")) -
    toRepairTokens(persona) -
    promptReserveTokens -
    (documents.length + others.length) * documentReserveTokens
  );
}
