import type { OrchestrationContext, Task } from "durable-functions";
import type { z } from "zod";
import { call } from "../shared/durable/call.ts";
import {
  consultPanelist as contract,
  formOpinion,
} from "../shared/workflow/contracts.ts";
import { toFailure } from "./to-failure.ts";

/** One persona's branch of one round, so that a model which stays unavailable costs its own opinion only. */
export function* consultPanelist(
  context: OrchestrationContext,
): Generator<Task, z.output<typeof contract.output>, unknown> {
  const input = contract.input.parse(context.df.getInput());
  const formed = yield* call(context, formOpinion, input);
  return formed.ok
    ? { opinion: formed.value }
    : { failure: toFailure("persona", formed.code) };
}
