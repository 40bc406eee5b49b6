import type { DatabaseSync, SQLInputValue } from "node:sqlite";
import { createRuleStores, type RuleStore } from "./rule-store.ts";
import { createSessionStores, type SessionStore } from "./session-store.ts";
import { prepareMessageStatements } from "./message-statements.ts";

/** The lanes of a queue: the queue itself, what it could not deliver, what it could not forward. */
const STORED_LANES = { main: 0, deadLetter: 1, transferDeadLetter: 2 } as const;
export type LaneKind = keyof typeof STORED_LANES;

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
  readonly sessionId: string | undefined;
  /** How often it was forwarded. */
  readonly hops: number;
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
  moveTo(id: number, kind: LaneKind): void;
  remove(id: number): void;
  /** Messages of any state from `fromSequenceNumber` on, in order, at most `limit`; of one session where it is given. */
  page(
    fromSequenceNumber: number,
    limit: number,
    sessionId?: string,
  ): PeekedMessage[];
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
  lane(queueId: number, kind: LaneKind): LaneStore;
  sessions(queueId: number): SessionStore;
  rules(queueId: number): RuleStore;
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

/** Prepares the statements of an open database. */
export function createMessageStore(database: DatabaseSync): MessageStore {
  const statements = prepareMessageStatements(database);
  const sessions = createSessionStores(database);
  let lastMessageId = Number(statements.lastId.get()?.["id"] ?? 0);

  return {
    openQueue(name, now) {
      // Names are the same in any case; an older file may hold a queue of each.
      const find = (): Row | undefined =>
        statements.queue.get(name) ?? statements.queueInAnyCase.get(name);
      if (find() === undefined) statements.addQueue.run(name, now);
      const row = find() as Row;
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
      createLaneStore(statements, queueId, STORED_LANES[kind]),
    sessions,
    rules: createRuleStores(database),
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

function createLaneStore(
  statements: ReturnType<typeof prepareMessageStatements>,
  queueId: number,
  deadLettered: number,
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
        message.sessionId ?? null,
        message.hops,
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
    moveTo: (id, kind) => void statements.moveTo.run(STORED_LANES[kind], id),
    remove(id) {
      statements.remove.run(id);
      statements.removeContent.run(id);
    },
    page(fromSequenceNumber, limit, sessionId) {
      const rows =
        sessionId === undefined
          ? statements.page.all(
              queueId,
              deadLettered,
              fromSequenceNumber,
              limit,
            )
          : statements.pageOfSession.all(
              queueId,
              sessionId,
              deadLettered,
              fromSequenceNumber,
              limit,
            );
      return (rows as Row[]).map((row) => ({
        ...toMessage(row),
        content: toBuffer(row),
      }));
    },
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
    sessionId: (row["session_id"] as string | null) ?? undefined,
    hops: Number(row["hops"]),
  };
}

function toBuffer(row: Row): Buffer {
  const bytes = row["content"] as Uint8Array;
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}
