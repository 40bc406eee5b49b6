import type { DecisionLedger } from "./decision-ledger.ts";
import type { DurableMode } from "./durable-mode.ts";
import { OrchestrationFault } from "./orchestration-fault.ts";
import type { RetryOptions } from "./orchestrator-state.ts";
import { createReplayTask, type ReplayTask } from "./replay-task.ts";

const DEFAULT_MAX_RETRY_INTERVAL_MS = 6 * 24 * 60 * 60_000;

/**
 * Creates the durable retry loop: call, and after each failure a timer and another call. After the last failure there
 * is one more timer, due at once: the SDK gives the failure to the function only when that timer has fired.
 */
export function createReplayRetry(
  ledger: Pick<DecisionLedger, "decide">,
  now: () => number,
  mode: DurableMode,
): (
  action: {
    readonly functionName: string;
    readonly retryOptions: RetryOptions;
  },
  call: () => ReplayTask,
) => ReplayTask {
  return ({ functionName, retryOptions: options }, call) => {
    const maxAttempts = options.maxNumberOfAttempts;
    if (!(maxAttempts >= 1)) {
      throw new OrchestrationFault(
        `The retry options of '${functionName}' allow ${maxAttempts} attempts; at least one is needed.`,
      );
    }
    const result = createReplayTask();
    const startedAt = now();
    const timeoutMs = options.retryTimeoutInMilliseconds ?? Infinity;

    const afterFailure = (attempt: number): void => {
      if (now() - startedAt >= timeoutMs) {
        // The SDK waits for a timer that is never created.
        if (mode === "compat") return result.settle("failed");
        throw new OrchestrationFault(
          `'${functionName}' failed after its retryTimeoutInMilliseconds of ${timeoutMs} had passed (attempt ${attempt} of ${maxAttempts}).`,
        );
      }
      const isLast = attempt >= maxAttempts;
      const fireAt = now() + (isLast ? 0 : delayAfter(attempt, options));
      ledger
        .decide((id) => ({ kind: "timer", id, fireAt }))
        .whenSettled(() =>
          isLast ? result.settle("failed") : tryOnce(attempt + 1),
        );
    };

    const tryOnce = (attempt: number): void => {
      const task = call();
      task.whenSettled(() => {
        if (task.settled === "failed") afterFailure(attempt);
        else result.settle("completed");
      });
    };

    tryOnce(1);
    return result;
  };
}

/** Milliseconds to wait after the failure of `attempt` (the first is 1). */
function delayAfter(attempt: number, options: RetryOptions): number {
  const delayMs =
    options.firstRetryIntervalInMilliseconds *
    (options.backoffCoefficient ?? 1) ** (attempt - 1);
  return Math.min(
    delayMs,
    options.maxRetryIntervalInMilliseconds ?? DEFAULT_MAX_RETRY_INTERVAL_MS,
  );
}
