import type { InstanceRecord } from "./instance-record.ts";

/** The protocol's settings; durations as the extension writes them (see replay-timers.ts for the same values). */
const settings =
  '"upperSchemaVersion":1,"upperSchemaVersionNew":3,"longRunningTimerIntervalDuration":"3.00:00:00","maximumShortTimerDuration":"6.00:00:00","defaultHttpAsyncRequestSleepTimeMillseconds":30000';

/** Positions in a payload: what stands before `turnAt` is history, what stands behind `tailAt` is no event any more. */
export interface PayloadParts {
  readonly turnAt: number;
  readonly tailAt: number;
}

/** What an orchestrator function is invoked with: JSON text, and where its parts are. */
export interface OrchestratorPayload extends PayloadParts {
  readonly text: string;
}

/** Makes the payload of a turn; `history` and `newEvents` are comma-separated encoded events. */
export function toOrchestratorPayload(
  record: InstanceRecord,
  history: string,
  newEvents: string,
): OrchestratorPayload {
  const parentId = record.parent?.instanceId;
  const tail = `],"input":${record.input ?? "null"},"instanceId":${JSON.stringify(record.id)},"parentInstanceId":${parentId === undefined ? "null" : JSON.stringify(parentId)},${settings}}`;
  return joinPayload(history, newEvents, tail);
}

/** Puts a payload together from the history, this turn's events and what stands behind them. */
export function joinPayload(
  history: string,
  newEvents: string,
  tail: string,
): OrchestratorPayload {
  const before = `{"isReplaying":${history !== ""},"history":[`;
  const events = before + joinEvents(history, newEvents);
  return {
    text: events + tail,
    turnAt: before.length + history.length,
    tailAt: events.length,
  };
}

/** Takes a payload apart: the history, and what stands behind the events. */
export function splitPayload({ text, turnAt, tailAt }: OrchestratorPayload): {
  readonly history: string;
  readonly tail: string;
} {
  // The array of events is the first one.
  return {
    history: text.slice(text.indexOf("[") + 1, turnAt),
    tail: text.slice(tailAt),
  };
}

/** Puts comma-separated events behind others. */
export function joinEvents(events: string, more: string): string {
  return events === "" ? more : `${events},${more}`;
}
