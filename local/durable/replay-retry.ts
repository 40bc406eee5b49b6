import type { DecisionLedger } from "./decision-ledger.ts";
import type { DurableMode } from "./durable-mode.ts";
import { OrchestrationFault } from "./orchestration-fault.ts";
import type { RetryOptions } from "./orchestrator-state.ts";
import { createReplayTask, type ReplayTask } from "./replay-task.ts";

/** The longest wait that Azure Storage allows, and the default of `maxRetryIntervalInMilliseconds`. */
const LONGEST_INTERVAL_MS = 6 * 24 * 60 * 60_000;

interface RetriedAction {
  readonly functionName: string;
  readonly retryOptions: RetryOptions;
}

/**
 * Creates the durable retry loop: call, and after each failure a timer and another call. After the last failure there
 * is one more timer, due at once: the SDK gives the failure to the function only when that timer has fired.
 *
 * @throws OrchestrationFault (each loop) for options that the SDK would wait for in vain; in compat mode the loop fails
 *   without the timer or the call, of which the SDK never hears.
 */
export function createReplayRetry(
  ledger: Pick<DecisionLedger, "decide">,
  now: () => number,
  mode: DurableMode,
): (action: RetriedAction, call: () => ReplayTask) => ReplayTask {
  return (action, call) => {
    const { functionName, retryOptions: options } = action;
    const maxAttempts = options.maxNumberOfAttempts;
    const result = createReplayTask();
    if (hasTooLongInterval(options)) {
      if (mode === "strict") throw tooLongInterval(functionName);
      result.settle("failed");
      return result;
    }
    if (!(maxAttempts >= 1)) {
      throw new OrchestrationFault(
        `The retry options of '${functionName}' allow ${maxAttempts} attempts; at least one is needed.`,
      );
    }
    const startedAt = now();
    const timeoutMs = options.retryTimeoutInMilliseconds ?? Infinity;

    const afterFailure = (attempt: number): void => {
      const isLast = attempt >= maxAttempts;
      if (!isLast && now() - startedAt >= timeoutMs) {
        if (mode === "compat") return result.settle("failed");
        throw new OrchestrationFault(
          `'${functionName}' failed after its retryTimeoutInMilliseconds of ${timeoutMs} had passed (attempt ${attempt} of ${maxAttempts}).`,
        );
      }
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

function hasTooLongInterval(options: RetryOptions): boolean {
  return (
    options.firstRetryIntervalInMilliseconds > LONGEST_INTERVAL_MS ||
    (options.maxRetryIntervalInMilliseconds ?? 0) > LONGEST_INTERVAL_MS
  );
}

function tooLongInterval(functionName: string): OrchestrationFault {
  return new OrchestrationFault(
    `The retry options of '${functionName}' have an interval of more than six days, which Azure Storage does not allow.`,
  );
}

/** Milliseconds to wait after the failure of `attempt` (the first is 1). */
function delayAfter(attempt: number, options: RetryOptions): number {
  const delayMs =
    options.firstRetryIntervalInMilliseconds *
    (options.backoffCoefficient ?? 1) ** (attempt - 1);
  return Math.min(
    delayMs,
    options.maxRetryIntervalInMilliseconds ?? LONGEST_INTERVAL_MS,
  );
}
