import type { OrchestrationContext, Task } from "durable-functions";
import type { z } from "zod";
import { call } from "../shared/durable/call.ts";
import {
  consultPersona as contract,
  invokePersona,
} from "../shared/workflow/contracts.ts";
import { toFailure } from "./to-failure.ts";

/** One persona's branch, so that a model which stays unavailable costs its own answer only. */
export function* consultPersona(
  context: OrchestrationContext,
): Generator<Task, z.output<typeof contract.output>, unknown> {
  const input = contract.input.parse(context.df.getInput());
  const invoked = yield* call(context, invokePersona, input);
  return invoked.ok
    ? { answered: invoked.value }
    : { failure: toFailure("persona", invoked.code) };
}
