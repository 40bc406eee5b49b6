import { createIndexedHeap, type HeapNode } from "./indexed-heap.ts";
import type { MessageState } from "./message-states.ts";
import type { Timer } from "./timers.ts";

/** One message as memory holds it; its content stays on disk. */
export interface LaneMessage extends HeapNode {
  readonly id: number;
  sequenceNumber: number;
  state: MessageState;
  /** Deliveries that have begun. */
  deliveries: number;
  enqueuedAt: number;
  readonly scheduledFor: number | undefined;
  readonly ttlMs: number | undefined;
  /** Infinity for never. */
  expiresAt: number;
  lock: Lock | undefined;
  timer: Timer | undefined;
}

export interface Lock {
  /** 32 hexadecimal digits: the lock token as a UUID in network order. */
  readonly token: string;
  until: number;
}

/** The messages of one lane by number, by lock, and the active ones in order. */
export interface LaneIndex {
  readonly counts: Readonly<Record<MessageState, number>>;
  readonly size: number;
  enter(message: LaneMessage): void;
  leave(message: LaneMessage): void;
  bySequenceNumber(sequenceNumber: number): LaneMessage | undefined;
  byLockToken(token: string): LaneMessage | undefined;
  firstActive(): LaneMessage | undefined;
}

/** Creates an empty index. A message must leave it before its state, number or lock changes. */
export function createLaneIndex(): LaneIndex {
  const messages = new Map<number, LaneMessage>();
  const locks = new Map<string, LaneMessage>();
  const active = createIndexedHeap<LaneMessage>(
    (a, b) => a.sequenceNumber < b.sequenceNumber,
  );
  const counts: Record<MessageState, number> = {
    scheduled: 0,
    active: 0,
    locked: 0,
    deferred: 0,
    deferredLocked: 0,
  };

  return {
    counts,
    get size() {
      return messages.size;
    },
    enter(message) {
      messages.set(message.sequenceNumber, message);
      counts[message.state] += 1;
      if (message.lock !== undefined) locks.set(message.lock.token, message);
      if (message.state === "active") active.push(message);
    },
    leave(message) {
      messages.delete(message.sequenceNumber);
      counts[message.state] -= 1;
      if (message.lock !== undefined) locks.delete(message.lock.token);
      active.remove(message);
    },
    bySequenceNumber: (sequenceNumber) => messages.get(sequenceNumber),
    byLockToken: (token) => locks.get(token),
    firstActive: () => active.peek(),
  };
}
