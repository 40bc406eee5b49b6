import type { CommitLoop } from "../../shared/storage/commit-loop.ts";
import type { Clock } from "./clock.ts";
import {
  EventType,
  type MessageEvent,
  type ParentInstance,
  type TraceContext,
} from "./history-event.ts";
import { createInstanceTimers } from "./instance-timers.ts";
import {
  createLiveInstance,
  newExecutionId,
  startMessage,
  type LiveInstance,
  type Message,
  type PreparedTurn,
} from "./live-instance.ts";
import { createMessageJournal } from "./message-journal.ts";
import type { TaskHubStore } from "./task-hub-store.ts";

export interface NewInstance {
  readonly id: string;
  readonly name: string;
  readonly version: string;
  readonly input: string | undefined;
  readonly parent?: ParentInstance | undefined;
  readonly trace?: TraceContext | undefined;
}

/**
 * Where a completion goes: the scheduling event of one execution of an instance, or, where an entity answers, the name
 * of the event that it answers with.
 */
export interface TaskAddress<Id extends number | string = number> {
  readonly instanceId: string;
  readonly executionId: string;
  readonly taskId: Id;
}

/**
 * The unfinished instances and their messages, in memory and in the task hub alike.
 *
 * H1. Every change of memory that a restart could not derive is written in the same turn of the commit loop.
 * H2. A completion is taken once: by the execution that scheduled it, while it is outstanding. All others are dropped.
 */
export interface TaskHub {
  get(instanceId: string): LiveInstance | undefined;
  all(): IterableIterator<LiveInstance>;
  /** Creates an instance in place of a finished one of the same ID. The caller has checked that none is live. */
  create(instance: NewInstance): LiveInstance;
  /** Takes a recovered instance in. */
  adopt(live: LiveInstance): void;
  /** Stores a message for the next turn, of whichever execution takes it, and wakes the instance. */
  send(live: LiveInstance, event: MessageEvent): void;
  /**
   * Takes the completion of outstanding work, or drops it (H2). `isRepeatable`: a restart would do the work again, so
   * that the turn which takes the completion may be what first records it (MessageJournal). `followed`: the worker has
   * run that turn already.
   */
  complete(
    address: TaskAddress<number | string>,
    event: MessageEvent,
    options?: {
      readonly isRepeatable: boolean;
      readonly followed?: PreparedTurn | undefined;
    },
  ): void;
  /** Whether the work is still waited for. */
  isOutstanding(address: TaskAddress<number | string>): boolean;
  /** Arms a timer of the current execution; its firing is derived from the history, not stored. */
  armTimer(live: LiveInstance, taskId: number, fireAt: number): void;
  /** Removes consumed or dropped messages. */
  discard(messages: readonly Message[]): void;
  /** Writes the messages that were left to their turn to record. */
  writePostponed(): void;
  /** The last write: results of activities that come later are lost, as if the process had ended. */
  close(): void;
  /** Forgets all outstanding work of the instance. */
  abandonOutstanding(live: LiveInstance): void;
  /** The instance has finished. */
  remove(live: LiveInstance): void;
}

export interface TaskHubOptions {
  readonly store: TaskHubStore;
  readonly loop: CommitLoop;
  readonly clock: Clock;
  /** The instance has something to do. */
  readonly wake: (live: LiveInstance) => void;
}

/** Creates the hub over an opened store; recovery adopts what was unfinished. */
export function createTaskHub(options: TaskHubOptions): TaskHub {
  const { store, loop, clock, wake } = options;
  const instances = new Map<string, LiveInstance>();
  const journal = createMessageJournal(store, loop);
  let lastSequence = store.lastMessageSequence();

  const receive = (live: LiveInstance, message: Message): void => {
    live.inbox.push(message);
    if (leavesWaiting(live, message)) {
      live.endHold ??= clock.setTimer(clock.now() + HELD_FOR_MS, () => {
        live.endHold = undefined;
        // Another message may have brought them to a turn by now.
        if (live.inbox.length > 0) wake(live);
      });
      return;
    }
    live.endHold?.();
    live.endHold = undefined;
    wake(live);
  };

  const deliver = (
    live: LiveInstance,
    event: MessageEvent,
    executionId: string | undefined,
    isRepeatable = false,
  ): void => {
    const instanceKey = live.record.key;
    const message = {
      sequence: ++lastSequence,
      instanceKey,
      executionId,
      event,
    };
    if (isRepeatable) journal.postpone(message);
    else journal.write(message);
    receive(live, message);
  };

  const addressee = (
    address: Omit<TaskAddress, "taskId">,
  ): LiveInstance | undefined => {
    const live = instances.get(address.instanceId);
    return live?.record.executionId === address.executionId ? live : undefined;
  };

  const hub: TaskHub = {
    get: (instanceId) => instances.get(instanceId),
    all: () => instances.values(),
    create(instance) {
      // The first turn has no effect, runs at once, and mostly ends soon enough to be in the same commit.
      const record = loop.write(
        () => insertInstance(store, instance, clock),
        true,
      );
      const live = createLiveInstance(record);
      instances.set(record.id, live);
      receive(live, startMessage(record));
      return live;
    },
    adopt(live) {
      instances.set(live.record.id, live);
      if (live.inbox.length > 0) wake(live);
    },
    send: (live, event) => deliver(live, event, undefined),
    complete(address, event, options) {
      const live = addressee(address);
      if (!live?.outstanding.delete(address.taskId)) return;
      live.followed = options?.followed;
      deliver(live, event, address.executionId, options?.isRepeatable);
    },
    isOutstanding: (address) =>
      addressee(address)?.outstanding.has(address.taskId) === true,
    ...createInstanceTimers(clock, receive),
    discard: (messages) => journal.remove(messages),
    writePostponed: journal.writePostponed,
    close: journal.close,
    remove(live) {
      hub.abandonOutstanding(live);
      live.endHold?.();
      hub.discard(live.inbox);
      live.inbox = [];
      instances.delete(live.record.id);
    },
  };
  return hub;
}

/** How long a completion that cannot move the function waits for those that together can. */
const HELD_FOR_MS = 15;

/** Whether the function still waits for other activities, whatever it is told of this one. */
function leavesWaiting(live: LiveInstance, { event }: Message): boolean {
  // To the SDK, a failure ends the wait for all.
  if (event.EventType === EventType.TaskFailed) live.awaited = undefined;
  return (
    event.EventType === EventType.TaskCompleted &&
    live.awaited?.delete(event.TaskScheduledId) === true &&
    live.awaited.size > 0
  );
}

function insertInstance(
  store: TaskHubStore,
  instance: NewInstance,
  clock: Clock,
) {
  const finished = store.findInstance(instance.id);
  if (finished !== undefined) store.deleteInstance(finished.key);
  const now = clock.now();
  const record = {
    id: instance.id,
    executionId: newExecutionId(),
    name: instance.name,
    version: instance.version,
    status: "Pending" as const,
    createdAt: now,
    updatedAt: now,
    parent: instance.parent,
    trace: instance.trace,
    customStatus: undefined,
    output: undefined,
    input: instance.input,
  };
  return { ...record, key: store.insertInstance(record) };
}
