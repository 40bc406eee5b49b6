import { z } from "zod";
import { Place } from "../extraction/place.ts";
import type { Content } from "../kernel/content.ts";
import { Count, Tag } from "../kernel/metadata.ts";
import { Score } from "./consensus.ts";
import type { PersonaDefinition } from "./persona.ts";
import type { Tokenizer } from "./retrieval/tokens.ts";
import { TokenUsage } from "./token-usage.ts";

/** Where an answer comes from: a language model, or the extractive stand-in that works offline. */
export interface PersonaModel {
  /** The model or deployment, unless a persona names another (`model.chatModelId`). */
  readonly name: string;
  /** How much of the documents one call may hold. Absent: it reads whatever there is. */
  measure?(request: PersonaRequest): Promise<PromptRoom>;
  /**
   * Answers the query from the documents, or summarises them when there is none.
   *
   * @throws ModelFiltered when a content filter stopped it; else NucleusError with a `model_*` code, with one that says
   *   why the endpoint cannot be used (`dependency_denied`, `identity_unavailable`, `store_*`), or with the signal's own
   *   reason. No other error leaves, and none quotes content.
   */
  answer(request: PersonaRequest, signal: AbortSignal): Promise<PersonaOpinion>;
}

/** A model whose calls are bounded. */
export type BoundedPersonaModel = PersonaModel &
  Required<Pick<PersonaModel, "measure">>;

export interface PromptRoom {
  /** In tokens; below one when there is no room for any document. */
  readonly room: number;
  readonly tokenizer: Tokenizer;
  /** How many calls of full length what is left of the persona's budget buys; absent without a budget. */
  readonly calls?: number;
}

export interface PersonaRequest {
  readonly persona: PersonaDefinition;
  /** `undefined` asks for a summary. */
  readonly query: Content | undefined;
  readonly documents: readonly PersonaDocument[];
  /** What quotes must stand in, where `documents` are notes on them and not they themselves. */
  readonly sources?: readonly PersonaDocument[];
  /** What the other personas of the panel said in the round before. */
  readonly others?: readonly OtherOpinion[];
  /** Who pays for it, where tenants have budgets. */
  readonly payer?: { readonly tenantId: Tag; readonly callId: Tag };
  /** What this persona took of its budget before. */
  readonly spent?: TokenUsage;
}

/** Another persona's opinion, as far as it is shown. */
export interface OtherOpinion {
  /** The persona's place in the job's list. */
  readonly item: number;
  readonly personaId: string;
  readonly opinion: Pick<PersonaOpinion, "answer" | "keyPoints">;
}

export interface PersonaDocument {
  readonly artifactIndex: number;
  /** Markdown with location marks. */
  readonly text: Content;
}

/** A passage that stands verbatim in a document, and where. */
export const Quote = z.strictObject({
  artifactIndex: z.int().nonnegative(),
  page: z.int().positive().optional(),
  heading: z.string().optional(),
  place: Place.optional(),
  text: z.string().min(1),
});
export type Quote = z.infer<typeof Quote>;

/** A persona's answer. It is content: handled inside one activity, then sealed. */
export const PersonaOpinion = z.strictObject({
  answer: z.string(),
  keyPoints: z.array(z.string()),
  quotes: z.array(Quote),
  /** The documents do not hold the answer. */
  notFound: z.boolean(),
  /** How sure it is, evidence counted in. Absent where nothing is said of it. */
  confidence: Score.optional(),
  /** The structured answer, by the persona's `responseSchema`. */
  data: z.unknown().optional(),
  /** How many quotes were dropped, because they stand in no document. */
  droppedQuotes: Count.optional(),
  /** How much of it stands in its quotes (`groundednessOf`). Absent where it states nothing. */
  groundedness: Score.optional(),
  /** How many addresses, pictures and pieces of markup were taken out of it. */
  removedLinks: Count.optional(),
  /** Of the opinions that it was shown, those that it agrees with, by their personas' places. */
  agreesWith: z.array(Count).optional(),
  /** The fallback that answered, where the persona's first deployment did not. */
  deployment: Tag.optional(),
  /** How much of long documents it rests on, where they were read in parts. */
  coverage: z.strictObject({ partsRead: Count, parts: Count }).optional(),
  usage: TokenUsage,
  /** What the endpoint says that it is. */
  model: z.string(),
});
export type PersonaOpinion = z.infer<typeof PersonaOpinion>;
