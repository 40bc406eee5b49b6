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
      historyEvents: toHistoryItems(
        detail.history,
        detail.showHistoryOutput === true,
      ),
    }),
  };
}

/** A stored value: JSON where it is JSON, else the text itself (failures and reasons to terminate are plain text). */
export function parseValue(text: string | undefined | null): unknown {
  if (text === undefined || text === null) return null;
  try {
    return JSON.parse(text) as unknown;
  } catch {
    return text;
  }
}

/** `yyyy-MM-ddTHH:mm:ssZ` */
function toSeconds(timeMs: number): string {
  return `${new Date(timeMs).toISOString().slice(0, 19)}Z`;
}

/** Scheduling and completion become one item; the orchestrator's own turns are left out. */
function toHistoryItems(
  events: readonly HistoryEvent[],
  showOutput: boolean,
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
      toHistoryItem(event, scheduled.get(completedId(event) ?? -1), showOutput),
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
  "Input",
  "Result",
  "Name",
  "TaskScheduledId",
  "TimerId",
]);

function toHistoryItem(
  event: HistoryEvent,
  scheduling: HistoryEvent | undefined,
  showOutput: boolean,
): Record<string, unknown> {
  const fields = Object.entries(event).filter(
    ([name]) => !hiddenFields.has(name),
  );
  const isNamed =
    event.EventType === EventType.EventRaised ||
    event.EventType === EventType.EventSent;
  const functionName = nameOf(scheduling) ?? nameOf(event);
  return {
    ...Object.fromEntries(fields),
    EventType: eventTypeNames.get(event.EventType),
    ...(isNamed && { Name: event.Name }),
    ...(!isNamed &&
      functionName !== undefined && { FunctionName: functionName }),
    ...(scheduling !== undefined && { ScheduledTime: scheduling.Timestamp }),
    ...(showOutput &&
      "Result" in event && { Result: parseValue(event.Result) }),
    ...(showOutput && "Input" in event && { Input: parseValue(event.Input) }),
  };
}

function nameOf(event: HistoryEvent | undefined): string | undefined {
  return event !== undefined && "Name" in event ? event.Name : undefined;
}

function isScheduling(event: HistoryEvent): boolean {
  return (
    event.EventType === EventType.TaskScheduled ||
    event.EventType === EventType.SubOrchestrationInstanceCreated ||
    event.EventType === EventType.TimerCreated
  );
}

function completedId(event: HistoryEvent): number | undefined {
  if ("TaskScheduledId" in event) return event.TaskScheduledId;
  return event.EventType === EventType.TimerFired ? event.TimerId : undefined;
}
