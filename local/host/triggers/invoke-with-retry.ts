import type { Clock } from "../../durable/clock.ts";
import type { Invocation, Invoker } from "../invoker.ts";
import type { RetryOptions } from "../worker-messages.ts";
import type { InvocationOutcome } from "../open-invocations.ts";

/** Time passes between two tries until `stopping` is aborted; what was still to be tried is then lost. */
interface RetryDeps {
  readonly invoker: Invoker;
  readonly clock: Clock;
  readonly stopping: AbortSignal;
}

/** Invokes under the function's own retry options; `maxRetryCount` -1 retries without end. */
export async function invokeWithRetry(
  { invoker, clock, stopping }: RetryDeps,
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
    await waitUntil(clock, {
      at: clock.now() + retryDelayMs(options, count),
      stopping,
    });
    if (stopping.aborted) return { kind: "lost" };
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

function waitUntil(
  clock: Clock,
  { at, stopping }: { readonly at: number; readonly stopping: AbortSignal },
): Promise<void> {
  if (stopping.aborted) return Promise.resolve();
  return new Promise((resolve) => {
    const end = (): void => {
      cancel();
      stopping.removeEventListener("abort", end);
      resolve();
    };
    const cancel = clock.setTimer(at, end);
    stopping.addEventListener("abort", end);
  });
}
