import { createDispatcher, type Dispatcher } from "./dispatcher.ts";
import type { SessionLock } from "./lane-index.ts";
import type { MessageLane } from "./message-lane.ts";
import type { SessionStore } from "./session-store.ts";
import type { Timer, Timers } from "./timers.ts";

/** Who holds a session: a receiver's link. */
export interface SessionHolder {
  readonly linkName: string;
  /** The lock has run out; what was locked with the session has gone back. */
  onLost(): void;
}

/** A session that a receiver holds. */
export interface HeldSession extends SessionLock {
  /** Hands out the messages of this session. */
  readonly dispatcher: Dispatcher;
  /** Gives the session back, with what is locked in it, uncounted; nothing happens when it is lost already. */
  release(): void;
}

/**
 * The sessions of one entity.
 *
 * S1. A session has one holder at most, and only the holder receives its messages.
 * S2. The locks of its messages end with the session's lock. One that runs out counts the deliveries, one that is given
 *     back does not, as in Service Bus.
 * S3. Locks live in memory only; a session's state lives on disk until it is taken away.
 */
export interface SessionDesk {
  /** Locks a session, which need not have messages; undefined while another holds it. */
  accept(sessionId: string, holder: SessionHolder): HeldSession | undefined;
  /**
   * Locks the free session whose first message has waited longest and calls `grant`, now or as soon as there is one.
   * The returned function stops the waiting.
   */
  acceptNext(
    holder: SessionHolder,
    grant: (session: HeldSession) => void,
  ): () => void;
  /** The session while it is held, by this link where one is named. */
  held(sessionId: string, linkName?: string): HeldSession | undefined;
  /** The new end of the lock. */
  renew(session: HeldSession): number;
  /** Notes that a message can be handed out. */
  onActive(sessionId: string | undefined): void;
  /** Keeps a state with the session, or takes it away. */
  setState(sessionId: string, state: Buffer | undefined): void;
  readonly store: SessionStore;
}

interface Holding {
  readonly session: HeldSession;
  readonly holder: SessionHolder;
  timer: Timer;
  until: number;
}

interface Waiter {
  readonly holder: SessionHolder;
  readonly grant: (session: HeldSession) => void;
}

export interface SessionDeskOptions {
  readonly lane: () => MessageLane;
  readonly store: SessionStore;
  readonly timers: Timers;
  readonly now: () => number;
  readonly lockDurationMs: number;
  readonly transact: (operation: () => void) => void;
}

/** Creates the desk of an entity whose sessions are all free. */
export function createSessionDesk(options: SessionDeskOptions): SessionDesk {
  const { lane, store, timers, now, lockDurationMs, transact } = options;
  const holdings = new Map<string, Holding>();
  const waiters = new Set<Waiter>();
  let isMatching = false;

  const end = (holding: Holding, how: "counted" | "uncounted"): void => {
    const { sessionId } = holding.session;
    if (holdings.get(sessionId) !== holding) return;
    holdings.delete(sessionId);
    timers.cancel(holding.timer);
    lane().freeSession(holding.session, how);
    match();
  };

  const armTimer = (holding: () => Holding, until: number): Timer =>
    timers.set(until, () => {
      end(holding(), "counted");
      holding().holder.onLost();
    });

  const lock = (sessionId: string, holder: SessionHolder): HeldSession => {
    const until = now() + lockDurationMs;
    const session: HeldSession = {
      sessionId,
      get until() {
        return holding.until;
      },
      dispatcher: createDispatcher({
        source: () => ({
          hasActive: () => lane().hasActive(session),
          next: (mode) => lane().next(mode, session),
        }),
        transact,
      }),
      release: () => transact(() => end(holding, "uncounted")),
    };
    const timer = armTimer(() => holding, until);
    const holding: Holding = { session, holder, until, timer };
    holdings.set(sessionId, holding);
    lane().holdSession(session);
    return session;
  };

  /** Gives free sessions to who waits, after what this step still changes. */
  const match = (): void => {
    if (isMatching || waiters.size === 0) return;
    isMatching = true;
    queueMicrotask(() => {
      isMatching = false;
      for (const waiter of waiters) {
        const sessionId = lane().nextFreeSession();
        if (sessionId === undefined) return;
        waiters.delete(waiter);
        waiter.grant(lock(sessionId, waiter.holder));
      }
    });
  };

  return {
    store,
    setState: (sessionId, state) => store.setState(sessionId, state, now()),
    accept: (sessionId, holder) =>
      holdings.has(sessionId) ? undefined : lock(sessionId, holder),
    acceptNext(holder, grant) {
      const waiter = { holder, grant };
      waiters.add(waiter);
      match();
      return () => void waiters.delete(waiter);
    },
    held(sessionId, linkName) {
      const holding = holdings.get(sessionId);
      if (holding === undefined || holding.until <= now()) return undefined;
      const isTheirs =
        linkName === undefined || linkName === holding.holder.linkName;
      return isTheirs ? holding.session : undefined;
    },
    renew({ sessionId }) {
      const holding = holdings.get(sessionId);
      if (holding === undefined) return 0;
      timers.cancel(holding.timer);
      holding.until = now() + lockDurationMs;
      holding.timer = armTimer(() => holding, holding.until);
      return holding.until;
    },
    onActive(sessionId) {
      const holding =
        sessionId === undefined ? undefined : holdings.get(sessionId);
      if (holding === undefined) match();
      else holding.session.dispatcher.wake();
    },
  };
}
