import {
  decodeEvents,
  encodeEvent,
  EventType,
  eventTypeNames,
  type HistoryEvent,
} from "./history-event.ts";
import type { InstanceRecord } from "./instance-record.ts";
import { recoverInstance, type RecoverOptions } from "./recover.ts";

export interface RewindOptions extends RecoverOptions {
  readonly now: () => number;
}

/**
 * Takes a failed instance back to where it was before its failures, and lets it go on from there: recorded failures of
 * activities, with their scheduling, and the completion itself become events that replay passes over. Failed
 * sub-orchestrations are rewound likewise; only what waits for none of them is woken. Belongs inside the commit loop.
 */
export function rewindInstance(
  options: RewindOptions,
  record: InstanceRecord,
  reason: string | null,
): void {
  const { store, hub, now } = options;
  const turns = store.readTurns(record.key);
  const history = turns.map(({ events }) => decodeEvents(events));
  const failures = findFailures(options, record, history.flat());
  for (const [turn, events] of history.entries()) {
    if (!events.some((event) => isRewound(event, failures))) continue;
    const text = events.map((event) => rewriteEvent(event, failures)).join(",");
    store.replaceEvents(record.key, turn, text);
  }
  const revived: InstanceRecord = {
    ...record,
    status: "Pending",
    output: undefined,
    updatedAt: now(),
  };
  store.updateInstance(revived);
  const live = recoverInstance(options, revived, []);
  if (failures.children.length === 0 || failures.areChildrenLost) {
    hub.send(live, {
      EventType: EventType.GenericEvent,
      EventId: -1,
      Timestamp: new Date(now()).toISOString(),
      Data: reason,
    });
  }
  for (const child of failures.children) rewindInstance(options, child, reason);
}

interface Failures {
  /** Ids under which something is scheduled anew. */
  readonly scheduledAnew: ReadonlySet<number>;
  /** Failed sub-orchestrations that can be rewound. */
  readonly children: readonly InstanceRecord[];
  /** There are others: they were purged, terminated or replaced meanwhile, and start from their beginning. */
  readonly areChildrenLost: boolean;
}

function findFailures(
  { store }: RewindOptions,
  record: InstanceRecord,
  events: readonly HistoryEvent[],
): Failures {
  const scheduledAnew = new Set<number>();
  const failedChildren = new Set<number>();
  for (const event of events) {
    if (event.EventType === EventType.TaskFailed) {
      scheduledAnew.add(event.TaskScheduledId);
    } else if (event.EventType === EventType.SubOrchestrationInstanceFailed) {
      failedChildren.add(event.TaskScheduledId);
    }
  }
  const children: InstanceRecord[] = [];
  for (const event of events) {
    if (event.EventType !== EventType.SubOrchestrationInstanceCreated) continue;
    if (!failedChildren.has(event.EventId)) continue;
    const child = store.findInstance(event.InstanceId);
    if (isFailedChild(child, record, event.EventId)) children.push(child);
    else scheduledAnew.add(event.EventId);
  }
  return {
    scheduledAnew,
    children,
    areChildrenLost: children.length < failedChildren.size,
  };
}

function isFailedChild(
  child: InstanceRecord | undefined,
  record: InstanceRecord,
  taskId: number,
): child is InstanceRecord {
  return (
    child?.status === "Failed" &&
    child.parent?.instanceId === record.id &&
    child.parent.executionId === record.executionId &&
    child.parent.taskId === taskId
  );
}

function isRewound(event: HistoryEvent, { scheduledAnew }: Failures): boolean {
  switch (event.EventType) {
    case EventType.TaskScheduled:
    case EventType.SubOrchestrationInstanceCreated:
      return scheduledAnew.has(event.EventId);
    case EventType.TaskFailed:
    case EventType.SubOrchestrationInstanceFailed:
    case EventType.ExecutionCompleted:
      return true;
    default:
      return false;
  }
}

/** The event's text in the rewound history: a GenericEvent keeps the place of what replay passes over. */
function rewriteEvent(event: HistoryEvent, failures: Failures): string {
  if (!isRewound(event, failures)) return JSON.stringify(event);
  const name = eventTypeNames.get(event.EventType) ?? "";
  return encodeEvent(
    {
      EventType: EventType.GenericEvent,
      EventId: event.EventId,
      Timestamp: event.Timestamp,
      Data: `Rewound: ${name}`,
    },
    true,
  );
}
