import type { z } from "zod";
import type { JobDocument } from "../shared/jobs/documents.ts";
import { NucleusError } from "../shared/kernel/errors.ts";
import { toNotedDocuments } from "../shared/personas/notes.ts";
import { toLevels } from "../shared/personas/part-counts.ts";
import { sumUsage, type TokenUsage } from "../shared/personas/token-usage.ts";
import type {
  concludeOpinion,
  OpinionOutcome,
} from "../shared/workflow/contracts.ts";
import {
  askPersona,
  type AskPersonaOptions,
  openPersonaRequest,
} from "./ask-persona.ts";
import { openNotes } from "./open-notes.ts";
import { openPartsPlan } from "./parts-plan.ts";

type Input = z.output<typeof concludeOpinion.input>;

/** Forms a persona's opinion from the notes on the parts that were read. What the notes took counts as its own. */
export function createConcludeOpinion(options: AskPersonaOptions) {
  return async (
    input: Input,
  ): Promise<z.output<typeof concludeOpinion.output>> => {
    const { tenantId, jobId, item, spent } = input;
    const key = { tenantId, jobId };
    const step = { key, step: "persona", item, status: "Analyzing" } as const;
    return options.steps.run(step, (job, signal) =>
      concludeFromNotes(options, job, { input, taken: spent }, signal),
    );
  };
}

/**
 * The persona's opinion from notes: its quotes must stand in the documents all the same, and it says how much of them it
 * rests on.
 *
 * @param concluded.taken - what the notes took, where that is part of what this opinion takes
 * @throws NucleusError content_missing when there is no note
 */
export async function concludeFromNotes(
  options: AskPersonaOptions,
  job: JobDocument,
  concluded: {
    readonly input: Input;
    readonly taken?: TokenUsage | undefined;
  },
  signal: AbortSignal,
): Promise<OpinionOutcome> {
  const { input, taken } = concluded;
  const plan = await openPartsPlan(options.safe, input);
  if (plan === undefined) throw new NucleusError("content_missing");
  const { counts, documentTokens } = plan;
  const levels = toLevels(counts);
  const to = levels.at(-1) ?? 0;
  const [request, notes] = await Promise.all([
    openPersonaRequest(options, job, input),
    openNotes(options.safe, { ...input, level: levels.length, from: 0, to }),
  ]);
  if (notes.length === 0) throw new NucleusError("content_missing");
  const partsRead = notes.reduce((sum, note) => sum + note.partsRead, 0);
  return askPersona(
    options,
    job,
    {
      input,
      request: {
        ...request,
        documents: toNotedDocuments(notes),
        sources: request.documents,
      },
      complete: (opinion) => ({
        ...opinion,
        coverage: { partsRead, parts: counts.parts },
        usage: {
          ...sumUsage([...(taken ? [taken] : []), opinion.usage]),
          documentTokens,
        },
      }),
    },
    signal,
  );
}
