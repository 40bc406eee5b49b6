import type { z } from "zod";
import type { Now } from "../shared/kernel/clock.ts";
import { Content } from "../shared/kernel/content.ts";
import { NucleusError } from "../shared/kernel/errors.ts";
import type { Logger } from "../shared/kernel/log.ts";
import { Tag } from "../shared/kernel/metadata.ts";
import type { PersonaDefinition } from "../shared/personas/persona.ts";
import type { PersonaModel } from "../shared/personas/persona-model.ts";
import { contentNames, workRef } from "../shared/results/content-names.ts";
import type { ContentSafe } from "../shared/vault/content-safe.ts";
import type { invokePersona } from "../shared/workflow/contracts.ts";
import { openRequest } from "./open-request.ts";
import type { StepRunner } from "./run-step.ts";

/** Lets one persona work on the query and the texts; its opinion is sealed, and only counts go on. */
export function createInvokePersona(options: {
  readonly steps: StepRunner;
  readonly safe: ContentSafe;
  readonly personas: ReadonlyMap<string, PersonaDefinition>;
  readonly model: PersonaModel;
  readonly log: Logger;
  readonly now: Now;
}) {
  const { steps, safe, personas, model, log, now } = options;
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
      const documents = await Promise.all(
        readable.map(async (artifactIndex) => ({
          artifactIndex,
          text: await safe.open(
            workRef(jobId, contentNames.text(artifactIndex)),
          ),
        })),
      );
      const opinion = await model.answer(
        {
          persona,
          query:
            queryText === undefined ? undefined : Content.fromText(queryText),
          documents,
        },
        signal,
      );
      await safe.seal(
        jobId,
        "work",
        contentNames.opinion(personaId),
        Content.fromJson(opinion),
      );
      const { inputTokens, outputTokens } = opinion.usage;
      log.event("persona.invoked", {
        ...key,
        traceparent: job.traceparent,
        personaId,
        model: toModelTag(model.name),
        inputTokens,
        outputTokens,
        durationMs: Math.max(0, Math.round(now() - startedAtMs)),
      });
      return {
        personaId,
        model: toModelTag(model.name),
        quotes: opinion.quotes.length,
        keyPoints: opinion.keyPoints.length,
        notFound: opinion.notFound,
        inputTokens,
        outputTokens,
      };
    });
  };
}

/** An endpoint names its model as it likes; what has no tag's shape is not worth keeping. */
function toModelTag(name: string): Tag {
  return Tag.parse(name.replaceAll(/[^\w.:@-]/g, "-").slice(0, 128) || "-");
}
