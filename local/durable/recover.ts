import { EventType, decodeEvents, type HistoryEvent } from "./history-event.ts";
import { liveStatuses, type InstanceRecord } from "./instance-record.ts";
import {
  createLiveInstance,
  executionStarted,
  isForOneExecution,
  type LiveInstance,
} from "./live-instance.ts";
import type { ActivityWork } from "./activity-dispatcher.ts";
import type { TaskHub } from "./task-hub.ts";
import type { StoredMessage, TaskHubStore } from "./task-hub-store.ts";

export interface RecoverOptions {
  readonly store: TaskHubStore;
  readonly hub: TaskHub;
  readonly dispatch: (work: ActivityWork) => void;
}

/**
 * Takes up every unfinished instance where its history and its messages say it stands: timers are armed, activities
 * whose result is neither recorded nor waiting run again.
 *
 * @returns how many instances were taken up.
 */
export function recover(options: RecoverOptions): number {
  const { store, hub } = options;
  const byInstance = Map.groupBy(
    store.readMessages(),
    (message) => message.instanceKey,
  );
  const records = store.listInstances({
    statuses: [...liveStatuses],
    createdFrom: Number.MIN_SAFE_INTEGER,
    createdTo: Number.MAX_SAFE_INTEGER,
    idPrefix: "",
    afterKey: -1,
    limit: Number.MAX_SAFE_INTEGER,
  });
  for (const record of records) {
    recoverInstance(options, record, byInstance.get(record.key) ?? []);
    byInstance.delete(record.key);
  }
  for (const orphans of byInstance.values()) hub.discard(orphans);
  return records.length;
}

function recoverInstance(
  options: RecoverOptions,
  record: InstanceRecord,
  messages: readonly StoredMessage[],
): void {
  const { store, hub, dispatch } = options;
  const live = createLiveInstance(record);
  const turns = store.readTurns(record.key);
  const inputs = new Map<string, string>();
  const scheduled = new Map<number, HistoryEvent>();
  for (const turn of turns) {
    for (const event of decodeEvents(turn.events)) {
      trackEvent(live, scheduled, event);
    }
    for (const [id, input] of Object.entries(turn.inputs ?? {})) {
      inputs.set(id, input);
    }
  }
  live.nextTurn = turns.length;
  if (turns.length === 0) {
    live.inbox.push({ sequence: undefined, event: executionStarted(record) });
  }
  for (const message of messages) {
    if (isStale(message, record)) {
      hub.discard([message]);
      continue;
    }
    trackEvent(live, scheduled, message.event);
    live.inbox.push({ sequence: message.sequence, event: message.event });
  }
  hub.adopt(live);
  for (const [id, event] of scheduled) {
    takeUp({ live, hub, dispatch, id, event, input: inputs.get(String(id)) });
  }
}

function isStale(message: StoredMessage, record: InstanceRecord): boolean {
  return (
    isForOneExecution(message.event) &&
    message.executionId !== record.executionId
  );
}

/** Keeps `scheduled` to what has not completed. */
function trackEvent(
  live: LiveInstance,
  scheduled: Map<number, HistoryEvent>,
  event: HistoryEvent,
): void {
  switch (event.EventType) {
    case EventType.OrchestratorStarted:
      live.lastTurnAt = Date.parse(event.Timestamp);
      break;
    case EventType.TaskScheduled:
    case EventType.SubOrchestrationInstanceCreated:
    case EventType.TimerCreated:
      scheduled.set(event.EventId, event);
      break;
    case EventType.TaskCompleted:
    case EventType.TaskFailed:
    case EventType.SubOrchestrationInstanceCompleted:
    case EventType.SubOrchestrationInstanceFailed:
      scheduled.delete(event.TaskScheduledId);
      break;
    case EventType.TimerFired:
      scheduled.delete(event.TimerId);
      break;
    default:
  }
}

function takeUp(work: {
  readonly live: LiveInstance;
  readonly hub: TaskHub;
  readonly dispatch: (work: ActivityWork) => void;
  readonly id: number;
  readonly event: HistoryEvent;
  readonly input: string | undefined;
}): void {
  const { live, hub, dispatch, id, event, input } = work;
  const { record } = live;
  if (event.EventType === EventType.TimerCreated) {
    hub.armTimer(live, id, Date.parse(event.FireAt));
  } else if (event.EventType === EventType.TaskScheduled) {
    live.outstanding.set(id, { kind: "activity" });
    dispatch({
      address: {
        instanceId: record.id,
        executionId: record.executionId,
        taskId: id,
      },
      name: event.Name,
      input,
      traceparent: record.trace?.traceparent,
    });
  } else {
    live.outstanding.set(id, { kind: "sub-orchestration" });
  }
}
