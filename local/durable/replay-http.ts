import type { DecisionLedger } from "./decision-ledger.ts";
import {
  httpActivityName,
  toPollRequest,
  type DurableHttpRequest,
} from "./http/http-messages.ts";
import { OrchestrationFault } from "./orchestration-fault.ts";
import { createReplayTask, type ReplayTask } from "./replay-task.ts";

/** The extension's `defaultAsyncRequestSleepTimeMilliseconds`, which the orchestrator payload names too. */
const DEFAULT_SLEEP_MS = 30_000;

/**
 * Creates durable HTTP: the request is an activity, and so is each look at an accepted one, a timer apart.
 *
 * @throws OrchestrationFault (each call) for a request with a token source, and for an answer that cannot be followed.
 */
export function createReplayHttp(
  ledger: Pick<DecisionLedger, "decide" | "nextId" | "pollAfter">,
  now: () => number,
): (request: DurableHttpRequest) => ReplayTask {
  return (first) => {
    if (first.tokenSource !== undefined && first.tokenSource !== null) {
      throw new OrchestrationFault(
        "The orchestrator function uses callHttp with a token source, which this runtime does not support.",
      );
    }
    const result = createReplayTask();

    const send = (request: DurableHttpRequest): void => {
      const sentAs = ledger.nextId();
      const input = JSON.stringify(request);
      const task = ledger.decide((id) => ({
        kind: "activity",
        id,
        name: httpActivityName,
        input,
      }));
      task.whenSettled(() => {
        const isFailed = task.settled === "failed";
        const poll =
          first.asynchronousPatternEnabled === true
            ? ledger.pollAfter(sentAs)
            : undefined;
        if (isFailed || poll === undefined) {
          result.settle(isFailed ? "failed" : "completed");
          return;
        }
        const fireAt = now() + (poll.afterMs ?? DEFAULT_SLEEP_MS);
        ledger
          .decide((id) => ({ kind: "timer", id, fireAt }))
          .whenSettled(() => send(toNext(request, poll.location)));
      });
    };

    send(first);
    return result;
  };
}

/** @throws OrchestrationFault where the answer's Location leads nowhere. */
function toNext(
  request: DurableHttpRequest,
  location: string,
): DurableHttpRequest {
  if (URL.canParse(location, request.uri))
    return toPollRequest(request, location);
  throw new OrchestrationFault(
    "A request of callHttp was accepted with a Location that is no URL.",
  );
}
