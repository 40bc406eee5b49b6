import type { OrchestrationContext, Task } from "durable-functions";
import type { z } from "zod";
import { call } from "../shared/durable/call.ts";
import type { ErrorCode } from "../shared/kernel/errors.ts";
import { laneCount } from "../shared/personas/part-counts.ts";
import { sumUsage, type TokenUsage } from "../shared/personas/token-usage.ts";
import {
  readLane as contract,
  readPart,
} from "../shared/workflow/contracts.ts";

/** After these nothing else that this lane would read can be read, either. */
const endings: ReadonlySet<ErrorCode> = new Set([
  "persona_budget_exceeded",
  "tenant_budget_exceeded",
  "job_cancelled",
  "job_timed_out",
  "job_already_finished",
]);
/** A lane reads on while so many times its slowest part is left before the deadline: the opinion comes after. */
const partsBeforeDeadline = 3;

/**
 * Every fourth part of one level, one after the other: four lanes are what bounds how many are read at the same time.
 * A part that fails is missing from the notes, and no other is. It never throws.
 */
export function* readLane(
  context: OrchestrationContext,
): Generator<Task, z.output<typeof contract.output>, unknown> {
  const input = contract.input.parse(context.df.getInput());
  const { lane, parts, deadlineAt, spent, ...level } = input;
  const now = (): number => context.df.currentUtcDateTime.getTime();
  const usages: TokenUsage[] = [];
  let partsRead = 0;
  let slowestMs = 0;
  let code: ErrorCode | undefined;
  for (let part = lane; part < parts; part += laneCount) {
    const startedAtMs = now();
    const leftMs = Date.parse(deadlineAt) - startedAtMs;
    if (leftMs < partsBeforeDeadline * slowestMs) {
      code ??= "job_timed_out";
      break;
    }
    const read = yield* call(context, readPart, {
      ...level,
      part,
      spent: sumUsage([spent, ...usages]),
    });
    slowestMs = Math.max(slowestMs, now() - startedAtMs);
    if (read.ok) {
      usages.push(read.value.usage);
      partsRead += read.value.partsRead;
    } else {
      code ??= read.code;
      if (endings.has(read.code)) break;
    }
  }
  return { partsRead, usage: sumUsage(usages), ...(code && { code }) };
}
