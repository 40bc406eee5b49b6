import type { CommitLoop } from "../../../shared/storage/commit-loop.ts";
import type { Clock } from "../clock.ts";
import {
  isOperation,
  type EntityMessage,
  type ReleaseMessage,
} from "./entity-message.ts";
import type {
  EntityRecord,
  EntityStore,
  StoredEntityMessage,
} from "./entity-store.ts";
import type { WaitingMessage } from "./select-batch.ts";

/** An entity that has something to do. */
export interface LiveEntity {
  record: EntityRecord;
  waiting: WaitingMessage[];
  phase: "idle" | "queued" | "running";
}

/**
 * The entities and their messages, in memory and in the task hub alike. Only those that have messages are in memory.
 *
 * E1. A message is written in the same commit as what sent it, and removed in the same commit as what it changed: each
 *     has its effect once, though its operation may run again after a crash.
 */
export interface EntityHub {
  /** Stores a message for the entity and wakes it, or does so when the message is due. */
  send(entityId: string, message: EntityMessage): void;
  /** Ends all locks that the orchestration still holds: it has ended without doing so itself. */
  releaseLocksOf(instanceId: string): void;
  /** Writes what a batch changed, and forgets an entity that has nothing more to do. */
  settle(
    live: LiveEntity,
    record: EntityRecord,
    consumed: ReadonlySet<number>,
  ): void;
  /** Takes up the messages that an earlier process left. */
  recover(): void;
  /** Forgets the messages that are not due yet; a restart takes them up again. */
  abandonScheduled(): void;
}

export interface EntityHubOptions {
  readonly store: EntityStore;
  readonly loop: CommitLoop;
  readonly clock: Clock;
  /** The entity has something to do. */
  readonly wake: (live: LiveEntity) => void;
}

/** Creates the hub of the entities over an opened store. */
export function createEntityHub(options: EntityHubOptions): EntityHub {
  const { store, loop, clock, wake } = options;
  const entities = new Map<string, LiveEntity>();
  const timers = new Map<number, () => void>();
  let lastSequence = store.lastEntityMessageSequence();

  const receive = ({
    entityId,
    sequence,
    message,
  }: StoredEntityMessage): void => {
    const live = entities.get(entityId) ?? load(store, entityId);
    entities.set(entityId, live);
    live.waiting.push({ sequence, message });
    wake(live);
  };

  const accept = (stored: StoredEntityMessage): void => {
    const { sequence, dueAt } = stored;
    if (dueAt === undefined || dueAt <= clock.now()) return receive(stored);
    const cancel = clock.setTimer(dueAt, () => {
      if (timers.delete(sequence)) receive(stored);
    });
    timers.set(sequence, cancel);
  };

  const send = (entityId: string, message: EntityMessage): void => {
    const sequence = ++lastSequence;
    const stored = { sequence, entityId, dueAt: dueTime(message), message };
    loop.write(() => store.insertEntityMessage(stored));
    accept(stored);
  };

  return {
    send,
    releaseLocksOf(instanceId) {
      const release: ReleaseMessage = {
        parent: instanceId,
        id: "fix-orphaned-lock",
      };
      for (const id of store.listLockedBy(instanceId)) send(id, release);
    },
    settle(live, record, consumed) {
      live.record = record;
      live.waiting = live.waiting.filter(
        ({ sequence }) => !consumed.has(sequence),
      );
      loop.write(() => {
        for (const sequence of consumed) store.deleteEntityMessage(sequence);
        if (record.exists || record.lockedBy !== undefined) {
          store.putEntity(record);
        } else store.deleteEntity(record.id);
      });
      if (live.waiting.length === 0) entities.delete(record.id);
    },
    recover() {
      for (const stored of store.readEntityMessages()) accept(stored);
    },
    abandonScheduled() {
      for (const cancel of timers.values()) cancel();
      timers.clear();
    },
  };
}

function load(store: EntityStore, id: string): LiveEntity {
  const record = store.findEntity(id) ?? {
    id,
    exists: false,
    state: undefined,
    lockedBy: undefined,
    updatedAt: 0,
  };
  return { record, waiting: [], phase: "idle" };
}

function dueTime(message: EntityMessage): number | undefined {
  const due = isOperation(message) ? message.due : undefined;
  return due === undefined ? undefined : Date.parse(due);
}
