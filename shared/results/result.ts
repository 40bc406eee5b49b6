import { z } from "zod";
import { ErrorCode } from "../jobs/documents.ts";
import { terminalStatuses } from "../jobs/job-status.ts";
import { Score } from "../personas/consensus.ts";
import { PersonaOpinion, Quote } from "../personas/persona-model.ts";

/** One persona's answer. */
const Opinion = z.strictObject({
  personaId: z.string(),
  /** The persona's, by its file. */
  version: z.string().optional(),
  /** Of which round it is, where several personas were asked. */
  round: z.int().positive().optional(),
  ...PersonaOpinion.omit({ agreesWith: true }).shape,
  /** The personas with whose opinions it said to agree. */
  agreesWith: z.array(z.string()).optional(),
  quotes: z.array(
    z.strictObject({
      artifactIndex: Quote.shape.artifactIndex,
      referenceId: z.string(),
      page: Quote.shape.page,
      heading: Quote.shape.heading,
      place: Quote.shape.place,
      text: Quote.shape.text,
    }),
  ),
});
export type ResultOpinion = z.infer<typeof Opinion>;

/** The one answer of several personas: the leader's, who stands with it, and what the others say instead. */
const Consensus = z.strictObject({
  personaId: z.string(),
  answer: z.string(),
  data: z.unknown().optional(),
  notFound: z.boolean(),
  confidence: Score,
  /** The share of all confidence that stands behind it. */
  score: Score,
  rounds: z.int().positive(),
  supporters: z.array(
    z.strictObject({ personaId: z.string(), confidence: Score }),
  ),
  dissent: z.array(
    z.strictObject({
      personaId: z.string(),
      confidence: Score,
      answer: z.string(),
      notFound: z.boolean(),
    }),
  ),
  /** Personas that have no opinion, or none of a later round, and why. */
  failed: z.array(
    z.strictObject({
      personaId: z.string(),
      round: z.int().positive(),
      code: ErrorCode,
    }),
  ),
});
export type ResultConsensus = z.infer<typeof Consensus>;

/**
 * What the entitled caller reads. It is content: sealed under the job's result key, given out by
 * `GET /jobs/{id}/result` alone.
 */
export const JobResult = z.strictObject({
  jobId: z.string(),
  status: z.enum(terminalStatuses),
  /** Where several personas were asked. */
  consensus: Consensus.optional(),
  personas: z.array(Opinion),
  artifacts: z.array(
    z.strictObject({
      index: z.int().nonnegative(),
      referenceId: z.string(),
      /** For a document that came in another: the index of the one that was referred to, the way to it, its name. */
      partOf: z.int().nonnegative().optional(),
      part: z.string().optional(),
      name: z.string().optional(),
      mediaType: z.string().optional(),
      sizeBytes: z.int().nonnegative().optional(),
      pages: z.int().nonnegative().optional(),
      words: z.int().nonnegative().optional(),
      outcome: z.enum(["read", "failed"]),
      code: ErrorCode.optional(),
    }),
  ),
});
export type JobResult = z.infer<typeof JobResult>;
