import type { DatabaseSync } from "node:sqlite";

/** The sessions of one queue as the disk knows them. Writes belong inside the commit loop. */
export interface SessionStore {
  /** What the holders of a session keep with it; undefined when they keep nothing. */
  state(sessionId: string): Buffer | undefined;
  setState(sessionId: string, state: Buffer | undefined, now: number): void;
  /** Sessions that have messages, in the order of their names. */
  withMessages(skip: number, top: number): string[];
  /** Sessions whose state was set after a time, in the order of their names. */
  updatedAfter(time: number, skip: number, top: number): string[];
}

/** Prepares the statements over sessions; the returned function gives the store of one queue. */
export function createSessionStores(
  database: DatabaseSync,
): (queueId: number) => SessionStore {
  const read = database.prepare(
    "SELECT state FROM session_states WHERE queue_id = ? AND session_id = ?",
  );
  const write = database.prepare(
    `INSERT OR REPLACE INTO session_states (queue_id, session_id, state, updated_at)
     VALUES (?, ?, ?, ?)`,
  );
  const forget = database.prepare(
    "DELETE FROM session_states WHERE queue_id = ? AND session_id = ?",
  );
  const withMessages = database.prepare(
    `SELECT DISTINCT session_id FROM messages
     WHERE queue_id = ? AND session_id IS NOT NULL AND dead_lettered = 0
     ORDER BY session_id LIMIT ? OFFSET ?`,
  );
  const updatedAfter = database.prepare(
    `SELECT session_id FROM session_states WHERE queue_id = ? AND updated_at > ?
     ORDER BY session_id LIMIT ? OFFSET ?`,
  );
  const toIds = (rows: readonly Record<string, unknown>[]): string[] =>
    rows.map((row) => String(row["session_id"]));

  return (queueId) => ({
    state(sessionId) {
      const row = read.get(queueId, sessionId);
      return row && Buffer.from(row["state"] as Uint8Array);
    },
    setState(sessionId, state, now) {
      if (state === undefined) forget.run(queueId, sessionId);
      else write.run(queueId, sessionId, state, now);
    },
    withMessages: (skip, top) => toIds(withMessages.all(queueId, top, skip)),
    updatedAfter: (time, skip, top) =>
      toIds(updatedAfter.all(queueId, time, top, skip)),
  });
}
