import type { z } from "zod";
import type { invokePersona } from "../shared/workflow/contracts.ts";
import type { AskPersonaOptions } from "./ask-persona.ts";
import { createFormOpinion } from "./form-opinion.ts";

/** A persona's opinion in the words of version 1.0.0 of the workflow, for its jobs that are still running. */
export function createInvokePersona(options: AskPersonaOptions) {
  const formOpinion = createFormOpinion(options);
  return async (
    input: z.output<typeof invokePersona.input>,
  ): Promise<z.output<typeof invokePersona.output>> => {
    const {
      item: _,
      round: __,
      droppedQuotes: ___,
      confidence: ____,
      agreesWith: _____,
      groundedness: ______,
      removedLinks: _______,
      ...outcome
    } = await formOpinion({ ...input, round: 1, others: [] });
    return outcome;
  };
}
