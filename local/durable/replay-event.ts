import { EventType, type HistoryEvent } from "./history-event.ts";
import { readPoll, type HttpPoll } from "./http/http-messages.ts";

/** What replaying the actions needs to know of a history event. Small: live instances keep these in memory. */
export interface ReplayEvent {
  readonly type: number;
  /** The sequence id that the event scheduled or completes; -1 where there is none. */
  readonly id: number;
  /** Name of the scheduled function or the raised event; "" where there is none. */
  readonly name: string;
  /** Milliseconds since the epoch; only of OrchestratorStarted, else 0. */
  readonly at: number;
  /** Of the answer to a durable HTTP request that is to be asked about again. */
  readonly poll?: HttpPoll;
}

/** Reduces a history event to its part in replay. */
export function toReplayEvent(event: HistoryEvent): ReplayEvent {
  switch (event.EventType) {
    case EventType.TaskScheduled:
    case EventType.SubOrchestrationInstanceCreated:
    case EventType.EventSent:
      return replayEvent(event, event.EventId, event.Name);
    case EventType.TimerCreated:
      return replayEvent(event, event.EventId);
    case EventType.TaskCompleted: {
      const poll = readPoll(event.Result);
      const completed = replayEvent(event, event.TaskScheduledId);
      return poll === undefined ? completed : { ...completed, poll };
    }
    case EventType.TaskFailed:
    case EventType.SubOrchestrationInstanceCompleted:
    case EventType.SubOrchestrationInstanceFailed:
      return replayEvent(event, event.TaskScheduledId);
    case EventType.TimerFired:
      return replayEvent(event, event.TimerId);
    case EventType.EventRaised:
      return replayEvent(event, -1, event.Name);
    case EventType.OrchestratorStarted:
      return { ...replayEvent(event, -1), at: Date.parse(event.Timestamp) };
    default:
      return replayEvent(event, -1);
  }
}

function replayEvent(event: HistoryEvent, id: number, name = ""): ReplayEvent {
  return { type: event.EventType, id, name, at: 0 };
}
