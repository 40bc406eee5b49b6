import type { z } from "zod";
import type { formOpinion } from "../shared/workflow/contracts.ts";
import {
  askPersona,
  type AskPersonaOptions,
  openPersonaRequest,
} from "./ask-persona.ts";

/**
 * Lets one persona work on the query, the texts that it may see and, in later rounds, the others' opinions, in one call:
 * of versions 1.0.0 and 1.1.0 of the workflow.
 */
export function createFormOpinion(options: AskPersonaOptions) {
  return async (
    input: z.output<typeof formOpinion.input>,
  ): Promise<z.output<typeof formOpinion.output>> => {
    const { tenantId, jobId, item } = input;
    const key = { tenantId, jobId };
    const step = { key, step: "persona", item, status: "Analyzing" } as const;
    return options.steps.run(step, async (job, signal) => {
      const request = await openPersonaRequest(options, job, input);
      return askPersona(options, job, { input, request }, signal);
    });
  };
}
