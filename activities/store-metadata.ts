import type { z } from "zod";
import type { storeMetadata } from "../shared/workflow/contracts.ts";
import { keepKnowledge, type KnowledgeKeeper } from "./keep-knowledge.ts";
import { withParts } from "./open-documents.ts";

/** Keeps what may be kept of a job's work, for jobs of version 1.0.0 of the workflow that are still running. */
export function createStoreMetadata(options: KnowledgeKeeper) {
  const { steps, records } = options;
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
      const read = await withParts(records, key, readable);
      const entries = personas.map((persona) => ({
        ...persona,
        artifactIndexes: [...read],
      }));
      return {
        documents: await keepKnowledge(options, key, job, { entries }),
      };
    });
  };
}
