import type { ActionReplay } from "./action-replay.ts";

/** Where an execution stands whose function the worker keeps: what its next turn needs not to replay. */
export interface TurnSession {
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
 * T2. A history is replayed from its start whenever it has doubled since the last time, so that a function which does not
 *     do the same again is found as on Azure, and all its replays together cost no more than a few of the last one.
 */
export interface TurnSessions {
  /** Whether a history of that many events is long enough: shorter ones are replayed at every turn, as on Azure. */
  isWorthwhile(length: number): boolean;
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

/** A function that has seen less than this costs less to replay than to keep. */
const SHORTEST_HISTORY = 64;
/** A session's replay holds about as much memory as its history has events. */
const MOST_SESSIONS = 1000;

/** Creates an empty set of sessions. */
export function createTurnSessions(
  shortestHistory = SHORTEST_HISTORY,
): TurnSessions {
  const sessions = new Map<string, TurnSession>();
  return {
    isWorthwhile: (length) => length >= shortestHistory,
    take(executionId, turn) {
      const session = sessions.get(executionId);
      sessions.delete(executionId);
      return session?.turn === turn ? session : undefined;
    },
    isDue: ({ replayedAt }, length) => length >= replayedAt * 2,
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
