import { z } from "zod";
import { ErrorCode } from "../jobs/documents.ts";
import { terminalStatuses } from "../jobs/job-status.ts";
import { PersonaOpinion, Quote } from "../personas/persona-model.ts";

/**
 * What the entitled caller reads. It is content: sealed under the job's result key, given out by
 * `GET /jobs/{id}/result` alone.
 */
export const JobResult = z.strictObject({
  jobId: z.string(),
  status: z.enum(terminalStatuses),
  personas: z.array(
    z.strictObject({
      personaId: z.string(),
      ...PersonaOpinion.shape,
      quotes: z.array(
        z.strictObject({
          artifactIndex: Quote.shape.artifactIndex,
          referenceId: z.string(),
          page: Quote.shape.page,
          heading: Quote.shape.heading,
          text: Quote.shape.text,
        }),
      ),
    }),
  ),
  artifacts: z.array(
    z.strictObject({
      index: z.int().nonnegative(),
      referenceId: z.string(),
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
