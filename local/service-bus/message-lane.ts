import {
  createLaneIndex,
  type LaneMessage,
  type SessionLock,
} from "./lane-index.ts";
import {
  adopt,
  endIfDue,
  giveBack,
  giveBackUncounted,
  hand,
  type HandedMessage,
  type LaneParts,
  remove,
  renew,
  settle,
  type Settlement,
} from "./lane-moves.ts";
import type { PeekedMessage, StoredMessage } from "./message-store.ts";
import type { MessageState } from "./message-states.ts";

/**
 * The messages of one queue, or of its dead-letter queue, in the order of their sequence numbers.
 *
 * L1. Every method that changes something is called inside the commit loop, and checks before it writes.
 * L2. A message has one timer at most: due (scheduled), time to live (active, deferred), lock (locked).
 * L3. On disk a locked message is active or deferred, with the delivery counted: a restart returns it.
 */
export interface MessageLane {
  readonly counts: Readonly<Record<MessageState, number>>;
  readonly size: number;
  /** Brings the stored messages into memory; those that are spent or out of time leave at once. */
  load(): void;
  add(message: StoredMessage, content: Buffer): void;
  /** Takes over a message whose row already lies in this lane. */
  adopt(message: StoredMessage): void;
  hasActive(session?: SessionLock): boolean;
  /** Hands out the first active message (of a session), locked (or taken for good). */
  next(mode: "lock" | "take", session?: SessionLock): HandedMessage | undefined;
  /** Hands out deferred messages (of a session); undefined when one of them is not there. */
  receiveDeferred(
    sequenceNumbers: readonly number[],
    mode: "lock" | "take",
    session?: SessionLock,
  ): HandedMessage[] | undefined;
  /** The free session that has waited longest for its first message. */
  nextFreeSession(): string | undefined;
  /** Keeps a session from being found free, or gives it back with all that is locked with it. */
  holdSession(session: SessionLock): void;
  freeSession(session: SessionLock, how: "counted" | "uncounted"): void;
  /** False when the lock is lost. */
  settle(token: string, settlement: Settlement): boolean;
  /** The new end of the lock; undefined when it is lost, or is its session's. */
  renew(token: string): number | undefined;
  holdsLock(token: string): boolean;
  /** False when one of them is not scheduled; none is then cancelled. */
  cancelScheduled(sequenceNumbers: readonly number[]): boolean;
  /** Messages of every state from a number on, in order. */
  peek(
    fromSequenceNumber: number,
    limit: number,
    sessionId?: string,
  ): PeekedMessage[];
}

/** Creates an empty lane; `load` fills it from the store. */
export function createMessageLane(
  options: Omit<LaneParts, "index">,
): MessageLane {
  const index = createLaneIndex(options.policy.requiresSession);
  const lane: LaneParts = { ...options, index };
  const { store, now } = options;

  /** The message under this lock; a lock past its end is lost, even when its timer is late. */
  const lockedBy = (token: string): LaneMessage | undefined => {
    const message = index.byLockToken(token);
    return (message?.lock?.until ?? 0) > now() ? message : undefined;
  };

  const allIn = (
    sequenceNumbers: readonly number[],
    state: MessageState,
  ): LaneMessage[] | undefined => {
    const found = [...new Set(sequenceNumbers)].map((n) =>
      index.bySequenceNumber(n),
    );
    const isWhole = found.every((message) => message?.state === state);
    return isWhole ? (found as LaneMessage[]) : undefined;
  };

  return {
    counts: index.counts,
    get size() {
      return index.size;
    },
    load() {
      let page = store.load(0);
      while (page.length > 0) {
        for (const stored of page) adopt(lane, stored);
        page = store.load(page.at(-1)?.sequenceNumber ?? Infinity);
      }
    },
    add(stored, content) {
      store.insert(stored, content);
      adopt(lane, stored);
    },
    adopt: (stored) => adopt(lane, stored),
    hasActive: (session) => index.firstActive(session?.sessionId) !== undefined,
    next(mode, session) {
      let message = index.firstActive(session?.sessionId);
      while (message !== undefined && endIfDue(lane, message)) {
        message = index.firstActive(session?.sessionId);
      }
      return message && hand(lane, message, mode, session);
    },
    receiveDeferred(sequenceNumbers, mode, session) {
      const found = allIn(sequenceNumbers, "deferred");
      const isWhole = found?.every(
        ({ sessionId }) => sessionId === session?.sessionId,
      );
      return isWhole === true
        ? found?.map((message) => hand(lane, message, mode, session))
        : undefined;
    },
    nextFreeSession: () => index.sessions?.nextFree(),
    holdSession: ({ sessionId }) => index.sessions?.setHeld(sessionId, true),
    freeSession(session, how) {
      const back = how === "counted" ? giveBack : giveBackUncounted;
      for (const message of index.lockedUnder(session)) back(lane, message);
      index.sessions?.setHeld(session.sessionId, false);
    },
    settle(token, settlement) {
      const message = lockedBy(token);
      if (message !== undefined) settle(lane, message, settlement);
      return message !== undefined;
    },
    renew(token) {
      const message = lockedBy(token);
      const lock = message?.lock;
      if (message === undefined || lock === undefined) return undefined;
      return lock.session === undefined
        ? renew(lane, message, lock)
        : undefined;
    },
    holdsLock: (token) => lockedBy(token) !== undefined,
    cancelScheduled(sequenceNumbers) {
      const found = allIn(sequenceNumbers, "scheduled");
      for (const message of found ?? []) remove(lane, message, "cancel");
      return found !== undefined;
    },
    peek: (fromSequenceNumber, limit, sessionId) =>
      store.page(fromSequenceNumber, limit, sessionId),
  };
}
