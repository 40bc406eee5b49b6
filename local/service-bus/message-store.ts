import type { DatabaseSync, SQLInputValue } from "node:sqlite";

/** "NSB1": a Nucleus Service Bus file. */
export const SERVICE_BUS_APPLICATION_ID = 0x4e534231;

export const serviceBusMigrations: readonly string[] = [
  `
  CREATE TABLE queues (
    id INTEGER PRIMARY KEY,
    name TEXT NOT NULL UNIQUE,
    reserved_sequence INTEGER NOT NULL DEFAULT 0
  ) STRICT;
  CREATE TABLE messages (
    id INTEGER PRIMARY KEY,
    queue_id INTEGER NOT NULL REFERENCES queues (id),
    dead_lettered INTEGER NOT NULL DEFAULT 0,
    state INTEGER NOT NULL,
    sequence_number INTEGER NOT NULL,
    deliveries INTEGER NOT NULL DEFAULT 0,
    enqueued_at INTEGER NOT NULL,
    scheduled_for INTEGER,
    ttl_ms INTEGER
  ) STRICT;
  CREATE INDEX messages_in_order ON messages (queue_id, dead_lettered, sequence_number);
  -- Apart from the rest, so that counting a delivery does not write the body again.
  CREATE TABLE contents (
    message_id INTEGER PRIMARY KEY,
    content BLOB NOT NULL
  ) STRICT;
  CREATE TABLE seen_message_ids (
    queue_id INTEGER NOT NULL REFERENCES queues (id),
    message_id TEXT NOT NULL,
    forget_at INTEGER NOT NULL,
    PRIMARY KEY (queue_id, message_id)
  ) STRICT, WITHOUT ROWID;
  CREATE INDEX seen_message_ids_by_age ON seen_message_ids (forget_at);
  `,
  `
  ALTER TABLE queues ADD COLUMN created_at INTEGER NOT NULL DEFAULT 0;
  -- When older queues were made is not known any more.
  UPDATE queues SET created_at = unixepoch() * 1000;
  `,
];

/** What survives a restart. Locks do not: a message that was locked is active (or deferred) again. */
export const STORED_STATES = { active: 0, deferred: 1, scheduled: 2 } as const;
export type StoredState = keyof typeof STORED_STATES;
const STATE_NAMES = ["active", "deferred", "scheduled"] as const;

export interface StoredMessage {
  readonly id: number;
  readonly state: StoredState;
  readonly sequenceNumber: number;
  /** Deliveries that have begun. */
  readonly deliveries: number;
  /** Milliseconds since the epoch. */
  readonly enqueuedAt: number;
  readonly scheduledFor: number | undefined;
  readonly ttlMs: number | undefined;
}

export interface PeekedMessage extends StoredMessage {
  readonly content: Buffer;
}

/** The messages of one queue, or of its dead-letter queue, on disk. Writes belong inside the commit loop. */
export interface LaneStore {
  /** Messages after a sequence number, in order, a page at a time: a long queue is never in memory as rows. */
  load(afterSequenceNumber: number): StoredMessage[];
  insert(message: StoredMessage, content: Buffer): void;
  content(id: number): Buffer;
  setContent(id: number, content: Buffer): void;
  setState(id: number, state: StoredState): void;
  setDeliveries(id: number, deliveries: number): void;
  activate(id: number, sequenceNumber: number, enqueuedAt: number): void;
  moveToDeadLetters(id: number): void;
  remove(id: number): void;
  /** Messages of any state from `fromSequenceNumber` on, in order, at most `limit`. */
  page(fromSequenceNumber: number, limit: number): PeekedMessage[];
}

/** The whole file: its queues, their lanes, their numbers. */
export interface MessageStore {
  /** The queue's number, given at first sight (at `now`), and the sequence numbers it may have used. */
  openQueue(
    name: string,
    now: number,
  ): {
    readonly id: number;
    readonly reservedSequence: number;
    readonly createdAt: number;
  };
  /** The bytes of a queue's messages, its dead letters included. */
  sizeOf(queueId: number): number;
  reserveSequence(queueId: number, upTo: number): void;
  lane(queueId: number, kind: "main" | "deadLetter"): LaneStore;
  nextMessageId(): number;
  /** Remembers a MessageId until `forgetAt`; false when it is already remembered at `now`. */
  rememberMessageId(
    queueId: number,
    messageId: string,
    now: number,
    forgetAt: number,
  ): boolean;
  forgetMessageIds(now: number): void;
}

type Row = Record<string, SQLInputValue>;

const MESSAGE_COLUMNS =
  "id, state, sequence_number, deliveries, enqueued_at, scheduled_for, ttl_ms";

/** Prepares the statements of an open database. */
export function createMessageStore(database: DatabaseSync): MessageStore {
  const statements = prepare(database);
  let lastMessageId = Number(statements.lastId.get()?.["id"] ?? 0);

  return {
    openQueue(name, now) {
      statements.addQueue.run(name, now);
      const row = statements.queue.get(name) as Row;
      return {
        id: Number(row["id"]),
        reservedSequence: Number(row["reserved_sequence"]),
        createdAt: Number(row["created_at"]),
      };
    },
    sizeOf: (queueId) => Number(statements.size.get(queueId)?.["bytes"] ?? 0),
    reserveSequence(queueId, upTo) {
      statements.reserve.run(upTo, queueId);
    },
    lane: (queueId, kind) =>
      createLaneStore(statements, queueId, kind === "main" ? 0 : 1),
    nextMessageId: () => ++lastMessageId,
    rememberMessageId(queueId, messageId, now, forgetAt) {
      return (
        statements.remember.run(queueId, messageId, forgetAt, now).changes !== 0
      );
    },
    forgetMessageIds(now) {
      statements.forget.run(now);
    },
  };
}

function prepare(database: DatabaseSync) {
  return {
    lastId: database.prepare("SELECT max(id) AS id FROM messages"),
    addQueue: database.prepare(
      "INSERT INTO queues (name, created_at) VALUES (?, ?) ON CONFLICT DO NOTHING",
    ),
    queue: database.prepare(
      "SELECT id, reserved_sequence, created_at FROM queues WHERE name = ?",
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
    insert: database.prepare(
      `INSERT INTO messages (${MESSAGE_COLUMNS}, queue_id, dead_lettered)
       VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)`,
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
    deadLetter: database.prepare(
      "UPDATE messages SET state = 0, dead_lettered = 1 WHERE id = ?",
    ),
    remove: database.prepare("DELETE FROM messages WHERE id = ?"),
    removeContent: database.prepare(
      "DELETE FROM contents WHERE message_id = ?",
    ),
  };
}

function createLaneStore(
  statements: ReturnType<typeof prepare>,
  queueId: number,
  deadLettered: 0 | 1,
): LaneStore {
  return {
    load: (afterSequenceNumber) =>
      (
        statements.load.all(queueId, deadLettered, afterSequenceNumber) as Row[]
      ).map(toMessage),
    insert(message, content) {
      statements.insert.run(
        message.id,
        STORED_STATES[message.state],
        message.sequenceNumber,
        message.deliveries,
        message.enqueuedAt,
        message.scheduledFor ?? null,
        message.ttlMs ?? null,
        queueId,
        deadLettered,
      );
      statements.insertContent.run(message.id, content);
    },
    content: (id) => toBuffer(statements.content.get(id) as Row),
    setContent: (id, content) => void statements.setContent.run(content, id),
    setState: (id, state) =>
      void statements.setState.run(STORED_STATES[state], id),
    setDeliveries: (id, deliveries) =>
      void statements.setDeliveries.run(deliveries, id),
    activate: (id, sequenceNumber, enqueuedAt) =>
      void statements.activate.run(sequenceNumber, enqueuedAt, id),
    moveToDeadLetters: (id) => void statements.deadLetter.run(id),
    remove(id) {
      statements.remove.run(id);
      statements.removeContent.run(id);
    },
    page: (fromSequenceNumber, limit) =>
      (
        statements.page.all(
          queueId,
          deadLettered,
          fromSequenceNumber,
          limit,
        ) as Row[]
      ).map((row) => ({ ...toMessage(row), content: toBuffer(row) })),
  };
}

function toMessage(row: Row): StoredMessage {
  const optional = (name: string): number | undefined =>
    row[name] === null ? undefined : Number(row[name]);
  return {
    id: Number(row["id"]),
    state: STATE_NAMES[Number(row["state"])] ?? "active",
    sequenceNumber: Number(row["sequence_number"]),
    deliveries: Number(row["deliveries"]),
    enqueuedAt: Number(row["enqueued_at"]),
    scheduledFor: optional("scheduled_for"),
    ttlMs: optional("ttl_ms"),
  };
}

function toBuffer(row: Row): Buffer {
  const bytes = row["content"] as Uint8Array;
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}
