import type { OrchestrationContext, Task } from "durable-functions";
import type { z } from "zod";
import { call } from "../shared/durable/call.ts";
import type { JobFailure } from "../shared/jobs/documents.ts";
import type { Tag } from "../shared/kernel/metadata.ts";
import {
  consultPersona,
  type invokePersona,
  keepOutcome,
  loadPlan,
  processArtifact,
  runStages as contract,
  storeMetadata,
} from "../shared/workflow/contracts.ts";
import {
  artifactInstanceId,
  personaInstanceId,
} from "../shared/workflow/instance-ids.ts";
import type { Plan } from "../shared/workflow/plan.ts";
import { type PanelOutcome, runPanel } from "./run-panel.ts";
import { toFailure } from "./to-failure.ts";

type JobKey = z.output<typeof contract.input>;
type Stages = z.output<typeof contract.output>;
type Answered = z.output<typeof invokePersona.output>;

/**
 * A job's work, stage by stage. It never throws: what went wrong is part of its result, because the orchestrator above
 * races it against cancellation and the deadline and must not read a task's state.
 */
export function* runStages(
  context: OrchestrationContext,
): Generator<Task, Stages, unknown> {
  const job = contract.input.parse(context.df.getInput());

  const loaded = yield* call(context, loadPlan, job);
  if (!loaded.ok)
    return { answered: [], failure: toFailure("plan", loaded.code) };
  const plan = loaded.value;

  let readable: number[] = [];
  let personas: Answered[] = [];
  let panel: PanelOutcome | undefined;
  for (const stage of plan.stages) {
    switch (stage.kind) {
      case "artifacts": {
        const read = yield* readArtifacts(context, job, stage.count);
        readable = read.readable;
        const failure = toArtifactsFailure(plan, stage.count, read);
        if (failure) return { answered: [], failure };
        break;
      }
      case "personas": {
        const asked = yield* askPersonas(
          context,
          job,
          stage.personaIds,
          readable,
        );
        personas = asked.answered;
        if (personas.length === 0 && asked.failure)
          return { answered: [], failure: asked.failure };
        break;
      }
      case "store": {
        const stored = yield* call(context, storeMetadata, {
          ...job,
          readable,
          personas,
        });
        if (!stored.ok)
          return { answered: [], failure: toFailure("store", stored.code) };
        break;
      }
      case "panel": {
        const { deadlineAt } = plan;
        panel = yield* runPanel(
          context,
          job,
          { ...stage, deadlineAt },
          readable,
        );
        const { failure } = panel;
        if (failure) return { answered: [], failure };
        break;
      }
      case "outcome": {
        const { opinions = [], rounds = [], failed = [] } = panel ?? {};
        const kept = yield* call(context, keepOutcome, {
          ...job,
          readable,
          opinions,
          rounds,
          failed,
        });
        if (!kept.ok)
          return { answered: [], failure: toFailure("store", kept.code) };
        break;
      }
      default:
        stage satisfies never;
    }
  }
  const answered = panel?.opinions ?? personas;
  return { answered: answered.map(({ personaId }) => personaId) };
}

interface ReadArtifacts {
  readonly readable: number[];
  readonly failures: readonly JobFailure[];
}

interface AskedPersonas {
  readonly answered: Answered[];
  readonly failure: JobFailure | undefined;
}

/** One branch per artifact, all at once. */
function* readArtifacts(
  context: OrchestrationContext,
  job: JobKey,
  count: number,
): Generator<Task, ReadArtifacts, unknown> {
  if (count === 0) return { readable: [], failures: [] };
  const branches = Array.from({ length: count }, (_, index) =>
    context.df.callSubOrchestrator(
      processArtifact.name,
      { ...job, index },
      artifactInstanceId(job.jobId, index),
    ),
  );
  const read = processArtifact.output
    .array()
    .parse(yield context.df.Task.all(branches));
  return {
    readable: read
      .filter(({ failure }) => failure === undefined)
      .map(({ index }) => index),
    failures: read.flatMap(({ failure }) => failure ?? []),
  };
}

/** A job ends here when it was cancelled or ran out of time meanwhile, or when there is nothing left to work on. */
function toArtifactsFailure(
  plan: Plan,
  count: number,
  read: ReadArtifacts,
): JobFailure | undefined {
  const over = read.failures.find(
    ({ code }) => code === "job_cancelled" || code === "job_timed_out",
  );
  if (over) return over;
  return count > 0 && read.readable.length === 0 && !plan.hasQuery
    ? toFailure("extract", "nothing_readable")
    : undefined;
}

/** Every persona at once; the job goes on with those that answered. */
function* askPersonas(
  context: OrchestrationContext,
  job: JobKey,
  personaIds: readonly Tag[],
  readable: readonly number[],
): Generator<Task, AskedPersonas, unknown> {
  const branches = personaIds.map((personaId, item) =>
    context.df.callSubOrchestrator(
      consultPersona.name,
      { ...job, personaId, item, readable },
      personaInstanceId(job.jobId, item),
    ),
  );
  const asked = consultPersona.output
    .array()
    .parse(yield context.df.Task.all(branches));
  return {
    answered: asked.flatMap(({ answered }) => answered ?? []),
    failure: asked.find(({ failure }) => failure)?.failure,
  };
}
