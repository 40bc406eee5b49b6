import { setTimeout as delay } from "node:timers/promises";
import type { Invocation, Invoker } from "../invoker.ts";
import type { RetryOptions } from "../worker-messages.ts";
import type { InvocationOutcome } from "../open-invocations.ts";

/** Invokes under the function's own retry options; `maxRetryCount` -1 retries without end. */
export async function invokeWithRetry(
  invoker: Invoker,
  invocation: Invocation,
): Promise<InvocationOutcome> {
  const options = invocation.called.metadata.retryOptions;
  if (options === undefined) return invoker.invoke(invocation);
  const max = options.maxRetryCount;
  for (let count = 0; ; count += 1) {
    const outcome = await invoker.invoke({
      ...invocation,
      retry: { count, max },
    });
    if (outcome.kind === "completed" || (max >= 0 && count >= max))
      return outcome;
    await delay(retryDelayMs(options, count), undefined, { ref: false });
  }
}

/** The wait before retry number `count` (from 0). */
export function retryDelayMs(options: RetryOptions, count: number): number {
  if (options.retryStrategy !== "exponentialBackoff")
    return (options.delayInterval?.seconds ?? 0) * 1000;
  const first = (options.minimumInterval?.seconds ?? 0) * 1000;
  const longest = (options.maximumInterval?.seconds ?? 0) * 1000;
  return Math.min(first * 2 ** count, longest);
}
