import { createIndexedHeap, type HeapNode } from "./indexed-heap.ts";
import type { MessageState } from "./message-states.ts";
import { createSessionIndex, type SessionIndex } from "./session-index.ts";
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
  readonly hops: number;
  /** Known where messages come in sessions. */
  readonly sessionId: string | undefined;
  lock: Lock | undefined;
  timer: Timer | undefined;
}

/** A session that a receiver holds: its messages are locked for as long as it is. */
export interface SessionLock {
  readonly sessionId: string;
  readonly until: number;
}

export interface Lock {
  /** 32 hexadecimal digits: the lock token as a UUID in network order. */
  readonly token: string;
  readonly until: number;
  /** What the message is locked with, where messages come in sessions. */
  readonly session: SessionLock | undefined;
}

/** The messages of one lane by number, by lock, and the active ones in order. */
export interface LaneIndex {
  readonly counts: Readonly<Record<MessageState, number>>;
  readonly size: number;
  enter(message: LaneMessage): void;
  leave(message: LaneMessage): void;
  bySequenceNumber(sequenceNumber: number): LaneMessage | undefined;
  byLockToken(token: string): LaneMessage | undefined;
  lockedUnder(session: SessionLock): LaneMessage[];
  /** The first active message; where messages come in sessions, the first of a session. */
  firstActive(sessionId?: string): LaneMessage | undefined;
  /** Present where messages come in sessions. */
  readonly sessions: SessionIndex | undefined;
}

/** Creates an empty index, of messages in sessions or not. A message must leave it before its state, number or lock changes. */
export function createLaneIndex(inSessions: boolean): LaneIndex {
  const messages = new Map<number, LaneMessage>();
  const locks = new Map<string, LaneMessage>();
  const active = createIndexedHeap<LaneMessage>(
    (a, b) => a.sequenceNumber < b.sequenceNumber,
  );
  const sessions = inSessions ? createSessionIndex() : undefined;
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
      if (message.state !== "active") return;
      if (sessions === undefined) active.push(message);
      else sessions.add(message);
    },
    leave(message) {
      messages.delete(message.sequenceNumber);
      counts[message.state] -= 1;
      if (message.lock !== undefined) locks.delete(message.lock.token);
      if (sessions === undefined) active.remove(message);
      else sessions.remove(message);
    },
    bySequenceNumber: (sequenceNumber) => messages.get(sequenceNumber),
    byLockToken: (token) => locks.get(token),
    lockedUnder: (session) =>
      [...locks.values()].filter(({ lock }) => lock?.session === session),
    firstActive: (sessionId) =>
      sessionId === undefined ? active.peek() : sessions?.first(sessionId),
    sessions,
  };
}
