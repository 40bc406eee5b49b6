import * as df from "durable-functions";
import type { OrchestrationContext, Task } from "durable-functions";
import type { z } from "zod";
import { type Contract, type Outcome, toErrorCode } from "./contract.ts";

/** Retries of what may pass by itself: four attempts within about 15 seconds. */
const transientRetry = new df.RetryOptions(1_000, 4);
transientRetry.backoffCoefficient = 2.5;
transientRetry.maxRetryIntervalInMilliseconds = 10_000;

/** Calls an activity and waits for it; exhausted retries become a failed outcome. Use as `yield* call(…)`. */
export function* call<I extends z.ZodType, O extends z.ZodType>(
  context: OrchestrationContext,
  contract: Contract<I, O>,
  input: z.output<I>,
): Generator<Task, Outcome<z.output<O>>, unknown> {
  try {
    return (yield context.df.callActivityWithRetry(
      contract.name,
      transientRetry,
      input,
    )) as Outcome<z.output<O>>;
  } catch (thrown) {
    return { ok: false, code: toErrorCode(thrown) };
  }
}
