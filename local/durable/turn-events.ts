import { EventType, type HistoryEvent } from "./history-event.ts";

/** The event that begins a turn; `at` is the time that the orchestrator is told, in milliseconds since the epoch. */
export function orchestratorStarted(at: number): HistoryEvent {
  return {
    EventType: EventType.OrchestratorStarted,
    EventId: -1,
    Timestamp: toTimestamp(at),
  };
}

/** The event that brings an activity's result, JSON text or null, to the turn that takes it. */
export function taskCompleted(
  at: number,
  taskId: number,
  result: string | undefined,
): Extract<HistoryEvent, { EventType: 5 }> {
  return {
    EventType: EventType.TaskCompleted,
    EventId: -1,
    Timestamp: toTimestamp(at),
    TaskScheduledId: taskId,
    Result: result ?? null,
  };
}

function toTimestamp(at: number): string {
  return new Date(at).toISOString();
}
