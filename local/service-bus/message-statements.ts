import type { DatabaseSync } from "node:sqlite";

const MESSAGE_COLUMNS =
  "id, state, sequence_number, deliveries, enqueued_at, scheduled_for, ttl_ms, session_id, hops";

/** The statements over messages and queues. */
export function prepareMessageStatements(database: DatabaseSync) {
  return {
    lastId: database.prepare("SELECT max(id) AS id FROM messages"),
    addQueue: database.prepare(
      "INSERT INTO queues (name, created_at) VALUES (?, ?)",
    ),
    queue: database.prepare(
      "SELECT id, reserved_sequence, created_at FROM queues WHERE name = ?",
    ),
    queueInAnyCase: database.prepare(
      "SELECT id, reserved_sequence, created_at FROM queues WHERE name = ? COLLATE NOCASE",
    ),
    size: database.prepare(
      `SELECT sum(length(content)) AS bytes FROM messages JOIN contents ON message_id = id
       WHERE queue_id = ?`,
    ),
    reserve: database.prepare(
      "UPDATE queues SET reserved_sequence = ? WHERE id = ?",
    ),
    remember: database.prepare(
      `INSERT INTO seen_message_ids (queue_id, message_id, forget_at) VALUES (?, ?, ?)
       ON CONFLICT DO UPDATE SET forget_at = excluded.forget_at WHERE forget_at <= ?`,
    ),
    forget: database.prepare(
      "DELETE FROM seen_message_ids WHERE forget_at <= ?",
    ),
    load: database.prepare(
      `SELECT ${MESSAGE_COLUMNS} FROM messages
       WHERE queue_id = ? AND dead_lettered = ? AND sequence_number > ?
       ORDER BY sequence_number LIMIT 1000`,
    ),
    page: database.prepare(
      `SELECT ${MESSAGE_COLUMNS}, content FROM messages JOIN contents ON message_id = id
       WHERE queue_id = ? AND dead_lettered = ? AND sequence_number >= ?
       ORDER BY sequence_number LIMIT ?`,
    ),
    // The plus keeps SQLite from reading through the whole lane in order instead of through the session.
    pageOfSession: database.prepare(
      `SELECT ${MESSAGE_COLUMNS}, content FROM messages JOIN contents ON message_id = id
       WHERE queue_id = ? AND session_id = ? AND +dead_lettered = ? AND sequence_number >= ?
       ORDER BY sequence_number LIMIT ?`,
    ),
    insert: database.prepare(
      `INSERT INTO messages (${MESSAGE_COLUMNS}, queue_id, dead_lettered)
       VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`,
    ),
    insertContent: database.prepare(
      "INSERT INTO contents (message_id, content) VALUES (?, ?)",
    ),
    content: database.prepare(
      "SELECT content FROM contents WHERE message_id = ?",
    ),
    setContent: database.prepare(
      "UPDATE contents SET content = ? WHERE message_id = ?",
    ),
    setState: database.prepare("UPDATE messages SET state = ? WHERE id = ?"),
    setDeliveries: database.prepare(
      "UPDATE messages SET deliveries = ? WHERE id = ?",
    ),
    activate: database.prepare(
      "UPDATE messages SET state = 0, sequence_number = ?, enqueued_at = ? WHERE id = ?",
    ),
    moveTo: database.prepare(
      "UPDATE messages SET state = 0, dead_lettered = ? WHERE id = ?",
    ),
    remove: database.prepare("DELETE FROM messages WHERE id = ?"),
    removeContent: database.prepare(
      "DELETE FROM contents WHERE message_id = ?",
    ),
  };
}
