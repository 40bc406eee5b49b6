import type { OrchestrationContext, Task } from "durable-functions";
import type { z } from "zod";
import { call } from "../shared/durable/call.ts";
import type { ErrorCode } from "../shared/kernel/errors.ts";
import {
  laneCount,
  type PartCounts,
  toLevels,
} from "../shared/personas/part-counts.ts";
import {
  shareUsage,
  sumUsage,
  type TokenUsage,
} from "../shared/personas/token-usage.ts";
import {
  concludeOpinion,
  consultReader as contract,
  openOpinion,
  readLane,
} from "../shared/workflow/contracts.ts";
import { laneInstanceId } from "../shared/workflow/instance-ids.ts";
import { toFailure } from "./to-failure.ts";

type Input = z.output<typeof contract.input>;

/**
 * One persona's branch of one round. Documents that one call does not hold come back as parts: they are read in lanes,
 * level by level, and the opinion is formed from the notes.
 */
export function* consultReader(
  context: OrchestrationContext,
): Generator<Task, z.output<typeof contract.output>, unknown> {
  const reader = contract.input.parse(context.df.getInput());
  const { deadlineAt: _, ...input } = reader;
  const opened = yield* call(context, openOpinion, input);
  if (!opened.ok) return { failure: toFailure("persona", opened.code) };
  const { opinion, parts } = opened.value;
  if (opinion) return { opinion };
  if (parts === undefined)
    return { failure: toFailure("persona", "step_failed") };

  const read = yield* readParts(context, reader, parts);
  if (read.code !== undefined)
    return { failure: toFailure("persona", read.code) };
  const concluded = yield* call(context, concludeOpinion, {
    ...input,
    spent: read.usage,
  });
  return concluded.ok
    ? { opinion: concluded.value }
    : { failure: toFailure("persona", concluded.code) };
}

interface ReadParts {
  readonly usage: TokenUsage;
  /** Why nothing was read at all. */
  readonly code?: ErrorCode;
}

function* readParts(
  context: OrchestrationContext,
  { tenantId, jobId, personaId, item, deadlineAt }: Input,
  counts: PartCounts,
): Generator<Task, ReadParts, unknown> {
  let usage = sumUsage([]);
  for (const [below, parts] of toLevels(counts).entries()) {
    const level = below + 1;
    const spent = shareUsage(usage, laneCount);
    const branches = Array.from(
      { length: Math.min(laneCount, parts) },
      (_, lane) =>
        context.df.callSubOrchestrator(
          readLane.name,
          {
            tenantId,
            jobId,
            personaId,
            item,
            level,
            lane,
            parts,
            deadlineAt,
            spent,
          },
          laneInstanceId(jobId, { item, level, lane }),
        ),
    );
    const lanes = readLane.output
      .array()
      .parse(yield context.df.Task.all(branches));
    usage = sumUsage([usage, ...lanes.map((lane) => lane.usage)]);
    if (lanes.every(({ partsRead }) => partsRead === 0)) {
      const code = lanes.find((lane) => lane.code)?.code ?? "step_failed";
      return { usage, code };
    }
  }
  return { usage };
}
