import type { InstanceRecord } from "./instance-record.ts";

/** The protocol's settings; durations as the extension writes them (see replay-timers.ts for the same values). */
const settings =
  '"upperSchemaVersion":1,"upperSchemaVersionNew":3,"longRunningTimerIntervalDuration":"3.00:00:00","maximumShortTimerDuration":"6.00:00:00","defaultHttpAsyncRequestSleepTimeMillseconds":30000';

/** JSON text that the orchestrator function is invoked with; `newEvents` are the encoded events of this turn. */
export function toOrchestratorPayload(
  record: InstanceRecord,
  history: string,
  newEvents: string,
): string {
  const separator = history === "" ? "" : ",";
  const parentId = record.parent?.instanceId;
  return `{"history":[${history}${separator}${newEvents}],"input":${record.input ?? "null"},"instanceId":${JSON.stringify(record.id)},"isReplaying":${history !== ""},"parentInstanceId":${parentId === undefined ? "null" : JSON.stringify(parentId)},${settings}}`;
}
