import type { OrchestrationContext, Task } from "durable-functions";
import type { z } from "zod";
import type { JobFailure } from "../shared/jobs/documents.ts";
import type { IsoTime } from "../shared/kernel/metadata.ts";
import {
  type ConsensusSnapshot,
  toConsensus,
} from "../shared/personas/consensus.ts";
import { sumUsage, toUsage } from "../shared/personas/token-usage.ts";
import {
  consultPanelist,
  consultReader,
  type keepOutcome,
  type OpinionOutcome,
  type runStages,
} from "../shared/workflow/contracts.ts";
import { panelistInstanceId } from "../shared/workflow/instance-ids.ts";
import type { Stage } from "../shared/workflow/plan.ts";

type JobKey = z.output<typeof runStages.input>;
type PanelStage = Extract<Stage, { kind: "panel" }>;
type Outcome = z.output<typeof keepOutcome.input>;

/** How a panel ended. Without an opinion there is a failure. */
export interface PanelOutcome {
  readonly opinions: OpinionOutcome[];
  readonly rounds: ConsensusSnapshot[];
  readonly failed: Outcome["failed"];
  readonly failure: JobFailure | undefined;
}

/**
 * Every persona at once; then, while some dissent and rounds are left, each that has an opinion again, with the others'
 * opinions before it. A persona that fails costs the panel one voice: in the first round it is not asked again, in a
 * later one its opinion of the round before stays.
 */
export function* runPanel(
  context: OrchestrationContext,
  job: JobKey,
  stage: PanelStage & { readonly deadlineAt: IsoTime },
  readable: readonly number[],
): Generator<Task, PanelOutcome, unknown> {
  let opinions: OpinionOutcome[] = [];
  let failure: JobFailure | undefined;
  const rounds: ConsensusSnapshot[] = [];
  const failed: Outcome["failed"] = [];
  for (let round = 1; round <= stage.maxRounds; round += 1) {
    const inputs = toInputs({ job, stage, readable, round, opinions });
    const asked = yield* askAll(context, stage, inputs);
    opinions = mergeOpinions(opinions, asked);
    for (const [index, { failure: why }] of asked.entries()) {
      const item = inputs[index]?.item;
      if (why === undefined || item === undefined) continue;
      failure ??= why;
      failed.push({ item, round, code: why.code });
    }
    const consensus = toConsensus(opinions, round);
    if (consensus === undefined) break;
    rounds.push(consensus);
    if (consensus.dissenters.length === 0) break;
  }
  return {
    opinions,
    rounds,
    failed,
    failure: opinions.length === 0 ? failure : undefined,
  };
}

type Asked = z.output<typeof consultPanelist.output>;
type Input = z.output<typeof consultPanelist.input>;

function toInputs(panel: {
  readonly job: JobKey;
  readonly stage: PanelStage;
  readonly readable: readonly number[];
  readonly round: number;
  readonly opinions: readonly OpinionOutcome[];
}): Input[] {
  const { job, stage, round, opinions } = panel;
  const common = { ...job, readable: [...panel.readable], round };
  if (round === 1)
    return stage.personaIds.map((personaId, item) => ({
      ...common,
      personaId,
      item,
      others: [],
    }));
  return opinions.map(({ personaId, item, ...opinion }) => ({
    ...common,
    personaId,
    item,
    others: opinions
      .filter((other) => other.item !== item)
      .map((other) => ({ item: other.item, round: other.round })),
    spent: toUsage(opinion),
  }));
}

/** One branch per persona, all at once. */
function* askAll(
  context: OrchestrationContext,
  {
    readsInParts,
    deadlineAt,
  }: Pick<PanelStage, "readsInParts"> & { readonly deadlineAt: IsoTime },
  inputs: readonly Input[],
): Generator<Task, Asked[], unknown> {
  const branches = inputs.map((input) => {
    const id = panelistInstanceId(input.jobId, input.item, input.round);
    return readsInParts
      ? context.df.callSubOrchestrator(
          consultReader.name,
          { ...input, deadlineAt },
          id,
        )
      : context.df.callSubOrchestrator(consultPanelist.name, input, id);
  });
  return consultPanelist.output
    .array()
    .parse(yield context.df.Task.all(branches));
}

function addUsage(
  opinion: OpinionOutcome,
  before: OpinionOutcome,
): OpinionOutcome {
  // Known of the sum only where it is known of both.
  const { costMicroUsd: _, ...rest } = opinion;
  return { ...rest, ...sumUsage([toUsage(before), toUsage(opinion)]) };
}

/** The opinions that hold now, in the order of the personas, each with the usage of all its rounds. */
function mergeOpinions(
  held: readonly OpinionOutcome[],
  asked: readonly Asked[],
): OpinionOutcome[] {
  const byItem = new Map(held.map((opinion) => [opinion.item, opinion]));
  for (const { opinion } of asked) {
    if (opinion === undefined) continue;
    const before = byItem.get(opinion.item);
    byItem.set(opinion.item, before ? addUsage(opinion, before) : opinion);
  }
  return [...byItem.values()].toSorted((left, right) => left.item - right.item);
}
