import {
  EventType,
  eventTypeNames,
  type HistoryEvent,
} from "./history-event.ts";
import type { InstanceRecord } from "./instance-record.ts";

export interface StatusDetail {
  readonly showInput: boolean;
  /** The recorded events, where the history is asked for. */
  readonly history?: readonly HistoryEvent[];
  readonly showHistoryOutput?: boolean;
}

/** The management API's view of an instance. */
export function toStatusBody(
  record: InstanceRecord,
  detail: StatusDetail,
): Record<string, unknown> {
  return {
    name: record.name,
    instanceId: record.id,
    runtimeStatus: record.status,
    input: detail.showInput ? parseValue(record.input) : null,
    customStatus: parseValue(record.customStatus),
    output: parseValue(record.output),
    createdTime: toSeconds(record.createdAt),
    lastUpdatedTime: toSeconds(record.updatedAt),
    ...(detail.history !== undefined && {
      historyEvents: toHistoryItems(detail.history, detail),
    }),
  };
}

/**
 * A stored value: JSON where it is JSON, else the text itself (failures and reasons to terminate are plain text). JSON
 * that nests without measure stays text too: it can be read, but not be written again, and one such value would take
 * the whole list with it.
 */
export function parseValue(text: string | undefined | null): unknown {
  if (text === undefined || text === null) return null;
  try {
    const value: unknown = JSON.parse(text);
    return isWithin(value, MAX_DEPTH, text.length) ? value : text;
  } catch {
    return text;
  }
}

const MAX_DEPTH = 1000;

/** Whether a value nests no deeper; what is written in `length` characters cannot where each level takes two. */
function isWithin(value: unknown, depth: number, length: number): boolean {
  if (length < 2 * depth || typeof value !== "object" || value === null)
    return true;
  return (
    depth > 0 &&
    Object.values(value).every((inner) => isWithin(inner, depth - 1, Infinity))
  );
}

/** `yyyy-MM-ddTHH:mm:ssZ` */
function toSeconds(timeMs: number): string {
  return `${new Date(timeMs).toISOString().slice(0, 19)}Z`;
}

/** Scheduling and completion of a function become one item; the orchestrator's own turns are left out. */
function toHistoryItems(
  events: readonly HistoryEvent[],
  detail: StatusDetail,
): Record<string, unknown>[] {
  const scheduled = new Map<number, HistoryEvent>();
  const completed = new Set<number>();
  for (const event of events) {
    const id = completedId(event);
    if (id !== undefined) completed.add(id);
    if (isScheduling(event)) scheduled.set(event.EventId, event);
  }
  return events
    .filter(
      (event) =>
        event.EventType !== EventType.OrchestratorStarted &&
        event.EventType !== EventType.OrchestratorCompleted &&
        !(isScheduling(event) && completed.has(event.EventId)),
    )
    .map((event) =>
      toHistoryItem(event, scheduled.get(completedId(event) ?? -1), detail),
    );
}

const hiddenFields = new Set([
  "EventId",
  "IsPlayed",
  "OrchestrationInstance",
  "ParentInstance",
  "ParentTraceContext",
  "Version",
  "Tags",
  "Result",
  "TaskScheduledId",
  "TimerId",
]);

function toHistoryItem(
  event: HistoryEvent,
  scheduling: HistoryEvent | undefined,
  { showInput, showHistoryOutput }: StatusDetail,
): Record<string, unknown> {
  const isStart = event.EventType === EventType.ExecutionStarted;
  const fields = Object.entries(event).filter(
    ([name]) =>
      !hiddenFields.has(name) &&
      !(name === "Name" && isStart) &&
      !(name === "Input" && !showInput),
  );
  const named = isStart ? event : scheduling;
  return {
    ...Object.fromEntries(fields),
    EventType: eventTypeNames.get(event.EventType),
    ...(named !== undefined && "Name" in named && { FunctionName: named.Name }),
    ...(scheduling !== undefined && { ScheduledTime: scheduling.Timestamp }),
    ...(showHistoryOutput === true &&
      "Result" in event && { Result: parseValue(event.Result) }),
  };
}

function isScheduling(event: HistoryEvent): boolean {
  return (
    event.EventType === EventType.TaskScheduled ||
    event.EventType === EventType.SubOrchestrationInstanceCreated
  );
}

function completedId(event: HistoryEvent): number | undefined {
  return "TaskScheduledId" in event ? event.TaskScheduledId : undefined;
}
