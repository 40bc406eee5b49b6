import type { ActivityOutcome } from "../worker-port.ts";
import type { ActivityWork } from "./activity-dispatcher.ts";
import { activityFailure, httpFailure } from "./failures.ts";
import { EventType, type MessageEvent } from "./history-event.ts";
import { httpActivityName } from "./http/http-messages.ts";
import { taskCompleted } from "./turn-events.ts";

/** The message that tells the orchestrator how an activity ended. */
export function toActivityCompletion(
  work: ActivityWork,
  outcome: Exclude<ActivityOutcome, { kind: "lost" }>,
  now: number,
): MessageEvent {
  const { taskId } = work.address;
  if (outcome.kind === "completed")
    return taskCompleted(now, taskId, outcome.result);
  return {
    EventType: EventType.TaskFailed,
    EventId: -1,
    Timestamp: new Date(now).toISOString(),
    TaskScheduledId: taskId,
    ...(work.name === httpActivityName
      ? httpFailure(outcome.message)
      : activityFailure(work.name, outcome.message, outcome.stack)),
  };
}
