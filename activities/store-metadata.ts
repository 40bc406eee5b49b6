import type { z } from "zod";
import type { Operation } from "../shared/documents/document-store.ts";
import type { kinds } from "../shared/documents/kinds.ts";
import { type JobRecords, recordIds } from "../shared/jobs/job-records.ts";
import { isTerminal } from "../shared/jobs/job-status.ts";
import type { Now } from "../shared/kernel/clock.ts";
import type { Logger } from "../shared/kernel/log.ts";
import { Tag, toIsoTime } from "../shared/kernel/metadata.ts";
import { sumUsage } from "../shared/personas/token-usage.ts";
import type { storeMetadata } from "../shared/workflow/contracts.ts";
import type { StepRunner } from "./run-step.ts";

/** Keeps what may be kept of a job's work: who analysed which artifact with what outcome, in ids and counts. */
export function createStoreMetadata(options: {
  readonly steps: StepRunner;
  readonly records: JobRecords;
  readonly log: Logger;
  readonly now: Now;
}) {
  const { steps, records, log, now } = options;
  return async (
    input: z.output<typeof storeMetadata.input>,
  ): Promise<z.output<typeof storeMetadata.output>> => {
    const { tenantId, jobId, readable, personas } = input;
    const key = { tenantId, jobId };
    const step = {
      key,
      step: "store",
      item: 0,
      status: "StoringMetadata",
    } as const;
    return steps.run(step, async (job) => {
      const analyzedByPersonaIds = personas.map(({ personaId }) => personaId);
      const knowledge = personas.map((persona): Operation<typeof kinds> => ({
        op: "upsert",
        kind: "knowledge",
        id: recordIds.knowledge(persona.personaId),
        document: {
          ...persona,
          interactionId: jobId,
          userId: job.userId,
          strategyId: job.hasQuery ? answerStrategy : summaryStrategy,
          artifactIndexes: [...readable],
          createdAt: toIsoTime(now()),
        },
      }));
      await Promise.all([
        ...readable.map((index) =>
          records.mergeArtifact(
            key,
            index,
            (known) => known && { ...known, analyzedByPersonaIds },
          ),
        ),
        ...(knowledge.length > 0
          ? [
              records.change(
                key,
                (current) =>
                  isTerminal(current.status)
                    ? undefined
                    : { ...current, usage: sumUsage(personas) },
                knowledge,
              ),
            ]
          : []),
      ]);
      const documents = readable.length + knowledge.length;
      log.event("metadata.stored", {
        ...key,
        traceparent: job.traceparent,
        documents,
      });
      return { documents };
    });
  };
}

const answerStrategy = Tag.parse("answer");
const summaryStrategy = Tag.parse("summary");
