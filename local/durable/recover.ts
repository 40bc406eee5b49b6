import { EventType, decodeEvents, type HistoryEvent } from "./history-event.ts";
import { liveStatuses, type InstanceRecord } from "./instance-record.ts";
import {
  createLiveInstance,
  startMessage,
  type LiveInstance,
} from "./live-instance.ts";
import { replyName, type EntityMessage } from "./entities/entity-message.ts";
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
  const positions = store.listByCreation({
    statuses: [...liveStatuses],
    createdFrom: Number.MIN_SAFE_INTEGER,
    createdTo: Number.MAX_SAFE_INTEGER,
    limit: Number.MAX_SAFE_INTEGER,
  });
  for (const { key } of positions) {
    const record = store.readInstance(key);
    if (record === undefined) continue;
    recoverInstance(options, record, byInstance.get(record.key) ?? []);
    byInstance.delete(record.key);
  }
  for (const orphans of byInstance.values()) hub.discard(orphans);
  return positions.length;
}

/** Takes one unfinished instance up, with the messages that wait for it. */
export function recoverInstance(
  options: RecoverOptions,
  record: InstanceRecord,
  messages: readonly StoredMessage[],
): LiveInstance {
  const { store, hub, dispatch } = options;
  const live = createLiveInstance(record);
  const turns = store.readTurns(record.key);
  const inputs = new Map<string, string>();
  const scheduled: Scheduled = new Map();
  let last: HistoryEvent | undefined;
  for (const turn of turns) {
    for (const event of decodeEvents(turn.events)) {
      trackEvent(live, scheduled, event);
      last = event;
    }
    for (const [id, input] of Object.entries(turn.inputs ?? {})) {
      inputs.set(id, input);
    }
  }
  live.nextTurn = turns.length;
  live.record = { ...record, updatedAt: lastUpdate(record, last) };
  if (turns.length === 0) {
    live.inbox.push(startMessage(record));
  }
  for (const message of messages) {
    if (isStale(message, record)) {
      hub.discard([message]);
      continue;
    }
    trackEvent(live, scheduled, message.event);
    live.inbox.push(message);
  }
  hub.adopt(live);
  for (const [id, event] of scheduled) {
    takeUp({ live, hub, dispatch, id, event, input: inputs.get(String(id)) });
  }
  return live;
}

/** A turn that changes no more than the time writes it only in its last event; what is written later is in the record. */
function lastUpdate(
  { updatedAt }: InstanceRecord,
  last: HistoryEvent | undefined,
): number {
  return last === undefined
    ? updatedAt
    : Math.max(updatedAt, Date.parse(last.Timestamp));
}

function isStale(message: StoredMessage, record: InstanceRecord): boolean {
  return (
    message.executionId !== undefined &&
    message.executionId !== record.executionId
  );
}

/** Scheduling events, by the id that completes them. */
type Scheduled = Map<number | string, HistoryEvent>;

/** Keeps `scheduled` to what has not completed. */
function trackEvent(
  live: LiveInstance,
  scheduled: Scheduled,
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
    case EventType.EventSent: {
      const reply = replyName(JSON.parse(event.Input) as EntityMessage);
      if (reply !== undefined) scheduled.set(reply, event);
      break;
    }
    case EventType.EventRaised:
      scheduled.delete(event.Name);
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
  readonly id: number | string;
  readonly event: HistoryEvent;
  readonly input: string | undefined;
}): void {
  const { live, hub, dispatch, id, event, input } = work;
  const { record } = live;
  if (event.EventType === EventType.TimerCreated) {
    hub.armTimer(live, event.EventId, Date.parse(event.FireAt));
  } else if (event.EventType === EventType.EventSent) {
    live.outstanding.set(id, { kind: "entity" });
  } else if (event.EventType === EventType.TaskScheduled) {
    live.outstanding.set(id, { kind: "activity" });
    dispatch({
      address: {
        instanceId: record.id,
        executionId: record.executionId,
        taskId: event.EventId,
      },
      name: event.Name,
      input,
      traceparent: record.trace?.traceparent,
    });
  } else {
    live.outstanding.set(id, { kind: "sub-orchestration" });
  }
}
