import {
  createIndexedHeap,
  type HeapNode,
  type IndexedHeap,
} from "./indexed-heap.ts";
import type { LaneMessage } from "./lane-index.ts";

/**
 * The active messages of a lane, by session; and the sessions that nobody holds, the one with the oldest message first.
 * A session that has no active message and no holder takes no memory.
 */
export interface SessionIndex {
  add(message: LaneMessage): void;
  remove(message: LaneMessage): void;
  first(sessionId: string): LaneMessage | undefined;
  /** The free session whose first active message is the oldest. */
  nextFree(): string | undefined;
  /** Says whether somebody holds the session. */
  setHeld(sessionId: string, isHeld: boolean): void;
}

interface Session extends HeapNode {
  readonly id: string;
  readonly active: IndexedHeap<LaneMessage>;
  isHeld: boolean;
}

/** Creates an empty index. */
export function createSessionIndex(): SessionIndex {
  const sessions = new Map<string, Session>();
  const free = createIndexedHeap<Session>(
    (a, b) => firstNumber(a) < firstNumber(b),
  );

  const open = (id: string): Session => {
    const known = sessions.get(id);
    if (known !== undefined) return known;
    const session: Session = {
      id,
      active: createIndexedHeap((a, b) => a.sequenceNumber < b.sequenceNumber),
      isHeld: false,
      heapIndex: -1,
    };
    sessions.set(id, session);
    return session;
  };

  /** Takes the session out of its place, which the change may move, and finds its new one. */
  const change = (id: string, apply: (session: Session) => void): void => {
    const session = open(id);
    free.remove(session);
    apply(session);
    if (session.isHeld) return;
    if (session.active.size > 0) free.push(session);
    else sessions.delete(id);
  };

  return {
    add(message) {
      const { sessionId } = message;
      if (sessionId === undefined) return;
      change(sessionId, ({ active }) => active.push(message));
    },
    remove(message) {
      const { sessionId } = message;
      if (sessionId === undefined || message.heapIndex < 0) return;
      change(sessionId, ({ active }) => active.remove(message));
    },
    first: (sessionId) => sessions.get(sessionId)?.active.peek(),
    nextFree: () => free.peek()?.id,
    setHeld(sessionId, isHeld) {
      change(sessionId, (session) => {
        session.isHeld = isHeld;
      });
    },
  };
}

function firstNumber({ active }: Session): number {
  return active.peek()?.sequenceNumber ?? Infinity;
}
