import type { z } from "zod";
import type { JobKey, JobRecords } from "../shared/jobs/job-records.ts";
import { isTerminal } from "../shared/jobs/job-status.ts";
import type { Now } from "../shared/kernel/clock.ts";
import { Content } from "../shared/kernel/content.ts";
import { NucleusError } from "../shared/kernel/errors.ts";
import type { Logger } from "../shared/kernel/log.ts";
import { Tag } from "../shared/kernel/metadata.ts";
import { ModelFiltered } from "../shared/personas/content-filter.ts";
import type { PersonaDefinition } from "../shared/personas/persona.ts";
import type {
  PersonaDocument,
  PersonaModel,
  PersonaOpinion,
} from "../shared/personas/persona-model.ts";
import { contentNames, workRef } from "../shared/results/content-names.ts";
import type { ContentSafe } from "../shared/vault/content-safe.ts";
import type { invokePersona } from "../shared/workflow/contracts.ts";
import { openRequest } from "./open-request.ts";
import type { StepRunner } from "./run-step.ts";

/**
 * Lets one persona work on the query and the texts; its opinion is sealed, and only counts go on. When a content filter
 * stops it, the job keeps why: categories, no words.
 */
export function createInvokePersona(options: {
  readonly steps: StepRunner;
  readonly records: JobRecords;
  readonly safe: ContentSafe;
  readonly personas: ReadonlyMap<string, PersonaDefinition>;
  readonly model: PersonaModel;
  readonly log: Logger;
  readonly now: Now;
}) {
  const { steps, records, safe, personas, model, log, now } = options;
  return async (
    input: z.output<typeof invokePersona.input>,
  ): Promise<z.output<typeof invokePersona.output>> => {
    const { tenantId, jobId, personaId, item, readable } = input;
    const key = { tenantId, jobId };
    const step = { key, step: "persona", item, status: "Analyzing" } as const;
    return steps.run(step, async (job, signal) => {
      const startedAtMs = now();
      const persona = personas.get(personaId);
      if (!persona) throw new NucleusError("persona_unknown");
      const { queryText } = await openRequest(safe, job);
      const documents = await openDocuments(safe, jobId, readable);
      const query =
        queryText === undefined ? undefined : Content.fromText(queryText);
      const opinion = await model
        .answer({ persona, query, documents }, signal)
        .catch(async (thrown: unknown) => {
          if (thrown instanceof ModelFiltered)
            await keepVerdict(records, key, personaId, thrown);
          throw thrown;
        });
      await safe.seal(
        jobId,
        "work",
        contentNames.opinion(personaId),
        Content.fromJson(opinion),
      );
      const { inputTokens, outputTokens } = opinion.usage;
      const answeredBy = toModelTag(nameOf(opinion, persona, model));
      log.event("persona.invoked", {
        ...key,
        traceparent: job.traceparent,
        personaId,
        model: answeredBy,
        inputTokens,
        outputTokens,
        durationMs: Math.max(0, Math.round(now() - startedAtMs)),
      });
      return {
        personaId,
        model: answeredBy,
        quotes: opinion.quotes.length,
        keyPoints: opinion.keyPoints.length,
        notFound: opinion.notFound,
        ...opinion.usage,
      };
    });
  };
}

async function openDocuments(
  safe: ContentSafe,
  jobId: Tag,
  readable: readonly number[],
): Promise<PersonaDocument[]> {
  return Promise.all(
    readable.map(async (artifactIndex) => ({
      artifactIndex,
      text: await safe.open(workRef(jobId, contentNames.text(artifactIndex))),
    })),
  );
}

/** Upserted by persona, so that a repeated activity changes nothing. */
async function keepVerdict(
  records: JobRecords,
  key: JobKey,
  personaId: Tag,
  { verdict }: ModelFiltered,
): Promise<void> {
  await records.change(key, (job) => {
    if (isTerminal(job.status)) return undefined;
    const others = (job.filtered ?? []).filter(
      (known) => known.personaId !== personaId,
    );
    return { ...job, filtered: [...others, { personaId, ...verdict }] };
  });
}

/**
 * What answered, by a name that the operator gave: what an endpoint calls itself may be anything, so it counts only
 * where it says the configured name.
 */
function nameOf(
  opinion: PersonaOpinion,
  persona: PersonaDefinition,
  model: PersonaModel,
): string {
  return opinion.model === model.name
    ? model.name
    : (persona.model.chatModelId ?? model.name);
}

/** Settings name models as they like; what has no tag's shape is not worth keeping. */
function toModelTag(name: string): Tag {
  return Tag.parse(name.replaceAll(/[^\w.:@-]/g, "-").slice(0, 128) || "-");
}
