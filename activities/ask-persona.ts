import type { z } from "zod";
import type { JobDocument } from "../shared/jobs/documents.ts";
import type { JobKey, JobRecords } from "../shared/jobs/job-records.ts";
import { isTerminal } from "../shared/jobs/job-status.ts";
import type { Now } from "../shared/kernel/clock.ts";
import { Content } from "../shared/kernel/content.ts";
import { NucleusError } from "../shared/kernel/errors.ts";
import type { Logger } from "../shared/kernel/log.ts";
import { Tag } from "../shared/kernel/metadata.ts";
import { ModelFiltered } from "../shared/personas/content-filter.ts";
import { openPersona } from "../shared/personas/pinned-personas.ts";
import type { PersonaDefinition } from "../shared/personas/persona.ts";
import {
  type OtherOpinion,
  type PersonaModel,
  PersonaOpinion,
  type PersonaRequest,
} from "../shared/personas/persona-model.ts";
import { contentNames, workRef } from "../shared/results/content-names.ts";
import type { ContentSafe } from "../shared/vault/content-safe.ts";
import type {
  formOpinion,
  OpinionOutcome,
} from "../shared/workflow/contracts.ts";
import { openDocuments } from "./open-documents.ts";
import { openRequest } from "./open-request.ts";
import type { StepRunner } from "./run-step.ts";

export interface AskPersonaOptions {
  readonly steps: StepRunner;
  readonly records: JobRecords;
  readonly safe: ContentSafe;
  /** Today's; a job works with those that it was accepted with. */
  readonly personas: ReadonlyMap<string, PersonaDefinition>;
  readonly model: PersonaModel;
  readonly log: Logger;
  readonly now: Now;
}

type Input = z.output<typeof formOpinion.input>;

/**
 * Has the persona answer, and seals its opinion: only counts and scores go on. When a content filter stops it, the job
 * keeps why: categories, no words.
 */
export async function askPersona(
  options: AskPersonaOptions,
  job: JobDocument,
  asked: {
    readonly input: Input;
    readonly request: PersonaRequest;
    /** What the opinion is beside what the model says, such as what it rests on. */
    readonly complete?: (opinion: PersonaOpinion) => PersonaOpinion;
  },
  signal: AbortSignal,
): Promise<OpinionOutcome> {
  const { records, safe, model, log, now } = options;
  const { input, request, complete = (opinion) => opinion } = asked;
  const { tenantId, jobId, personaId, round } = input;
  const key = { tenantId, jobId };
  const startedAtMs = now();
  const opinion = complete(
    await model.answer(request, signal).catch(async (thrown: unknown) => {
      if (thrown instanceof ModelFiltered)
        await keepVerdict(records, key, personaId, thrown);
      throw thrown;
    }),
  );
  await safe.seal(
    jobId,
    "work",
    contentNames.opinion(personaId, round),
    Content.fromJson(opinion),
  );
  const answeredBy = toModelTag(nameOf(opinion, request.persona, model));
  const { inputTokens, outputTokens } = opinion.usage;
  log.event("persona.invoked", {
    ...key,
    traceparent: job.traceparent,
    personaId,
    model: answeredBy,
    inputTokens,
    outputTokens,
    durationMs: Math.max(0, Math.round(now() - startedAtMs)),
  });
  return toOutcome(input, opinion, answeredBy);
}

/** What the persona is asked, in the clear: the query, the texts that it may see, and the others' opinions. */
export async function openPersonaRequest(
  options: AskPersonaOptions,
  job: JobDocument,
  { tenantId, jobId, personaId, item, round, readable, others, spent }: Input,
): Promise<PersonaRequest> {
  const { safe } = options;
  const persona = await openPersona(options, job, personaId);
  const [{ queryText }, documents, shown] = await Promise.all([
    openRequest(safe, job),
    openDocuments(
      options,
      { tenantId, jobId },
      readable,
      persona.knowledgeScope,
    ),
    openOthers(safe, job, others),
  ]);
  return {
    persona,
    query: queryText === undefined ? undefined : Content.fromText(queryText),
    documents,
    payer: { tenantId, callId: Tag.parse(`${jobId}:${item}.${round}`) },
    ...(shown.length > 0 && { others: shown }),
    ...(spent && { spent }),
  };
}

function openOthers(
  safe: ContentSafe,
  { jobId, personaIds }: JobDocument,
  others: Input["others"],
): Promise<OtherOpinion[]> {
  return Promise.all(
    others.map(async ({ item, round }) => {
      const personaId = personaIds[item];
      if (personaId === undefined) throw new NucleusError("content_missing");
      const ref = workRef(jobId, contentNames.opinion(personaId, round));
      const sealed = await safe.open(ref);
      const { answer, keyPoints } = PersonaOpinion.parse(sealed.revealJson());
      return { item, personaId, opinion: { answer, keyPoints } };
    }),
  );
}

function toOutcome(
  { item, personaId, round }: Input,
  opinion: PersonaOpinion,
  model: Tag,
): OpinionOutcome {
  const { confidence, agreesWith, groundedness, removedLinks, coverage } =
    opinion;
  return {
    item,
    personaId,
    model,
    round,
    quotes: opinion.quotes.length,
    droppedQuotes: opinion.droppedQuotes ?? 0,
    keyPoints: opinion.keyPoints.length,
    notFound: opinion.notFound,
    ...(confidence !== undefined && { confidence }),
    ...(groundedness !== undefined && { groundedness }),
    ...(removedLinks !== undefined && { removedLinks }),
    ...(agreesWith && { agreesWith }),
    ...coverage,
    ...opinion.usage,
  };
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
  { deployment, ...opinion }: PersonaOpinion,
  { model: { chatModelId } }: PersonaDefinition,
  model: PersonaModel,
): string {
  if (deployment !== undefined) return deployment;
  return opinion.model === model.name
    ? model.name
    : (chatModelId ?? model.name);
}

/** Settings name models as they like; what has no tag's shape is not worth keeping. */
function toModelTag(name: string): Tag {
  return Tag.parse(name.replaceAll(/[^\w.:@-]/g, "-").slice(0, 128) || "-");
}
