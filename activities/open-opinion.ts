import type { z } from "zod";
import { isTerminal } from "../shared/jobs/job-status.ts";
import type { openOpinion } from "../shared/workflow/contracts.ts";
import {
  askPersona,
  type AskPersonaOptions,
  openPersonaRequest,
} from "./ask-persona.ts";
import { concludeFromNotes } from "./conclude-opinion.ts";
import { openPartsPlan, sealPartsPlan } from "./parts-plan.ts";

type Input = z.output<typeof openOpinion.input>;
type Output = z.output<typeof openOpinion.output>;

/**
 * Lets one persona work on the query, the texts that it may see and, in later rounds, the others' opinions. What is to be
 * summarised and does not fit into one call is cut into parts instead, which others read; in later rounds the notes on
 * them are there, and serve again.
 */
export function createOpenOpinion(options: AskPersonaOptions) {
  const { steps, records, safe } = options;
  return async (input: Input): Promise<Output> => {
    const { tenantId, jobId, item, round } = input;
    const key = { tenantId, jobId };
    const step = {
      key,
      step: "persona",
      item,
      status: "Analyzing",
      goesOn: (made: Output | undefined) => made?.parts !== undefined,
    } as const;
    return steps.run(step, async (job, signal) => {
      const known = await openPartsPlan(safe, input);
      if (known && round > 1)
        return {
          opinion: await concludeFromNotes(options, job, { input }, signal),
        };
      if (known) return { parts: known.counts };
      const request = await openPersonaRequest(options, job, input);
      const plan = await sealPartsPlan(options, input, request);
      if (plan === undefined)
        return {
          opinion: await askPersona(options, job, { input, request }, signal),
        };
      await records.change(key, (current) =>
        isTerminal(current.status) || current.readsInParts === true
          ? undefined
          : { ...current, readsInParts: true },
      );
      return { parts: plan.counts };
    });
  };
}
