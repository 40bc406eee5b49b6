import type { ActionReplay } from "./action-replay.ts";

/** Where an execution stands whose function the worker keeps: what its next turn needs not to replay. */
export interface TurnSession {
  /**
   * Another one at each replay that the engine asks for. Workers may hold functions that an execution has left behind, in
   * turns that were not taken, and how many events one has seen does not tell which.
   */
  readonly id: string;
  readonly replay: ActionReplay;
  /** The number of the turn that comes next. */
  readonly turn: number;
  /** How many events of the history the function has seen. */
  readonly seen: number;
  /** The position of the first event of its last turn. */
  readonly lastTurnFrom: number;
  /** The length of the history when it was last replayed from the start. */
  readonly replayedAt: number;
}

/**
 * The executions whose function is kept where it waits, the least recently used given up first.
 *
 * T1. Nothing but speed depends on a session: whoever has none is replayed from its start.
 * T2. A history is replayed from its start when the execution ends, and whenever it has doubled since the last time, but
 *     for short ones: so a function which does not do the same again is found, and all replays together cost no more
 *     than a few of the last one.
 */
export interface TurnSessions {
  /** Whether a function with a history of that many events is kept. */
  isKept(length: number): boolean;
  /** The session for that turn, left where it is. */
  find(executionId: string, turn: number): TurnSession | undefined;
  /**
   * Takes the session out. A turn that succeeds puts it back, so that whatever else happens ends it.
   *
   * @returns undefined where there is none for that turn
   */
  take(executionId: string, turn: number): TurnSession | undefined;
  /** Whether a history of that length is to be replayed from its start, to check what the kept function does (T2). */
  isDue(session: TurnSession, length: number): boolean;
  keep(executionId: string, session: TurnSession): void;
}

/** A shorter history is replayed when it ends. */
const SHORTEST_CHECKED = 64;
/** A session's replay holds about as much memory as its history has events. */
const MOST_SESSIONS = 1000;

/** Creates an empty set of sessions; functions with a history that is shorter than `shortestKept` are not kept. */
export function createTurnSessions(shortestKept = 0): TurnSessions {
  const sessions = new Map<string, TurnSession>();
  const find = (executionId: string, turn: number): TurnSession | undefined => {
    const session = sessions.get(executionId);
    return session?.turn === turn ? session : undefined;
  };
  return {
    isKept: (length) => length >= shortestKept,
    find,
    take(executionId, turn) {
      const session = find(executionId, turn);
      sessions.delete(executionId);
      return session;
    },
    isDue: ({ replayedAt }, length) =>
      length >= Math.max(replayedAt * 2, SHORTEST_CHECKED),
    keep(executionId, session) {
      sessions.set(executionId, session);
      if (sessions.size <= MOST_SESSIONS) return;
      for (const oldest of sessions.keys()) {
        sessions.delete(oldest);
        return;
      }
    },
  };
}
