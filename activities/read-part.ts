import type { z } from "zod";
import type { JobDocument } from "../shared/jobs/documents.ts";
import { Content } from "../shared/kernel/content.ts";
import { NucleusError } from "../shared/kernel/errors.ts";
import { Tag } from "../shared/kernel/metadata.ts";
import {
  callsPerAnswer,
  toLaneBudget,
} from "../shared/personas/model-budget.ts";
import {
  Note,
  toNoteDocuments,
  toNotedDocuments,
  toNoteRequest,
} from "../shared/personas/notes.ts";
import { concludeShare, laneCount } from "../shared/personas/part-counts.ts";
import { PartDocuments } from "../shared/personas/parts.ts";
import type { PersonaDocument } from "../shared/personas/persona-model.ts";
import { openPersona } from "../shared/personas/pinned-personas.ts";
import { contentNames, workRef } from "../shared/results/content-names.ts";
import type { readPart } from "../shared/workflow/contracts.ts";
import type { AskPersonaOptions } from "./ask-persona.ts";
import { openIfThere, openNotes } from "./open-notes.ts";
import { openRequest } from "./open-request.ts";
import { openPartsPlan } from "./parts-plan.ts";

type Input = z.output<typeof readPart.input>;
type Output = z.output<typeof readPart.output>;

/**
 * Notes what one part says, or what some notes say together. A note that is there is not made again, so that a crash
 * costs the call that it interrupted, and no other.
 *
 * @throws NucleusError persona_budget_exceeded before a call that the lane's share of the budget does not pay for
 */
export function createReadPart(options: AskPersonaOptions) {
  const { steps, safe } = options;
  return async (input: Input): Promise<Output> => {
    const { tenantId, jobId, item, level, part } = input;
    const key = { tenantId, jobId };
    // The persona's progress is told where its opinion is formed.
    const goesOn = (): boolean => true;
    const step = {
      key,
      step: "persona",
      item,
      status: "Analyzing",
      goesOn,
    } as const;
    return steps.run(step, async (job, signal) => {
      const name = contentNames.note(item, level, part);
      const known = await openIfThere(safe, workRef(jobId, name));
      if (known) return toOutput(Note.parse(known.revealJson()));
      const note = await makeNote(options, job, input, signal);
      await safe.seal(jobId, "work", name, Content.fromJson(note));
      return toOutput(note);
    });
  };
}

function toOutput({ partsRead, usage }: Note): Output {
  return { partsRead, usage };
}

async function makeNote(
  options: AskPersonaOptions,
  job: JobDocument,
  input: Input,
  signal: AbortSignal,
): Promise<Note> {
  const { safe, model } = options;
  const [persona, { queryText }, { documents, partsRead }] = await Promise.all([
    openPersona(options, job, input.personaId),
    openRequest(safe, job),
    openPart(options, input),
  ]);
  if (documents.length === 0) throw new NucleusError("content_missing");
  const request = {
    ...toNoteRequest(
      toLaneBudget(persona, { lanes: laneCount, kept: concludeShare }),
      queryText,
      documents,
    ),
    spent: input.spent,
    payer: {
      tenantId: input.tenantId,
      callId: Tag.parse(
        `${input.jobId}:${input.item}.n${input.level}.${input.part}`,
      ),
    },
  };
  const measured = await model.measure?.(request);
  if (measured === undefined) throw new NucleusError("step_failed");
  const { calls = Infinity, tokenizer } = measured;
  if (calls < callsPerAnswer) throw new NucleusError("persona_budget_exceeded");
  const opinion = await model.answer(request, signal);
  return {
    schemaVersion: 1,
    documents: toNoteDocuments(opinion, documents, tokenizer),
    partsRead,
    usage: opinion.usage,
  };
}

/** What is read: on level 1 a part of the documents, above it notes of the level below. */
async function openPart(
  { safe }: Pick<AskPersonaOptions, "safe">,
  { jobId, item, level, part }: Input,
): Promise<{
  readonly documents: readonly PersonaDocument[];
  readonly partsRead: number;
}> {
  if (level === 1) {
    const ref = workRef(jobId, contentNames.part(item, part));
    const pieces = PartDocuments.parse((await safe.open(ref)).revealJson());
    const documents = pieces.map(({ artifactIndex, text }) => ({
      artifactIndex,
      text: Content.fromText(text),
    }));
    return { documents, partsRead: 1 };
  }
  const plan = await openPartsPlan(safe, { jobId, item });
  if (plan === undefined) throw new NucleusError("content_missing");
  const { fanIn } = plan.counts;
  const notes = await openNotes(safe, {
    jobId,
    item,
    level: level - 1,
    from: part * fanIn,
    to: (part + 1) * fanIn,
  });
  return {
    documents: toNotedDocuments(notes),
    partsRead: notes.reduce((sum, note) => sum + note.partsRead, 0),
  };
}
