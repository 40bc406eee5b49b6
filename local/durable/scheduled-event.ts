import type { Decision } from "./decision.ts";
import { toEventName } from "./entities/entity-message.ts";
import { EventType, type ScheduledEvent } from "./history-event.ts";

/** The history event that records a decision. */
export function toScheduledEvent(
  decision: Decision,
  at: string,
): ScheduledEvent {
  const common = { EventId: decision.id, Timestamp: at };
  switch (decision.kind) {
    case "activity":
      return {
        EventType: EventType.TaskScheduled,
        ...common,
        Name: decision.name,
        Version: "",
      };
    case "sub-orchestration":
      return {
        EventType: EventType.SubOrchestrationInstanceCreated,
        ...common,
        InstanceId: decision.instanceId,
        Name: decision.name,
        Version: decision.version,
      };
    case "timer":
      return {
        EventType: EventType.TimerCreated,
        ...common,
        FireAt: new Date(decision.fireAt).toISOString(),
      };
    case "entity-message":
      return {
        EventType: EventType.EventSent,
        ...common,
        InstanceId: decision.entityId,
        Name: toEventName(decision.message),
        Input: JSON.stringify(decision.message),
      };
    default:
      return decision satisfies never;
  }
}

/** Inputs of the scheduled activities, by event id; they are kept beside the history. */
export function activityInputs(
  decisions: readonly Decision[],
): Record<string, string> | undefined {
  const inputs = decisions.flatMap((decision) =>
    decision.kind === "activity" && decision.input !== undefined
      ? [[decision.id, decision.input] as const]
      : [],
  );
  return inputs.length === 0 ? undefined : Object.fromEntries(inputs);
}
