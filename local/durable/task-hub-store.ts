import type { DatabaseSync, SQLInputValue } from "node:sqlite";

import type { MessageEvent } from "./history-event.ts";
import {
  liveStatuses,
  type InstanceRecord,
  type RuntimeStatus,
} from "./instance-record.ts";
import {
  createInstanceQueries,
  type InstanceQueries,
} from "./instance-queries.ts";
import { turnsPerInstance } from "./schema.ts";

/** A message that waits for its instance's next turn. */
export interface StoredMessage {
  readonly sequence: number;
  readonly instanceKey: number;
  /** The execution it is for; undefined when any execution may take it (external events and commands). */
  readonly executionId: string | undefined;
  readonly event: MessageEvent;
}

/** One recorded orchestrator turn: its events, and the inputs of the activities that it scheduled, by event id. */
export interface StoredTurn {
  readonly events: string;
  readonly inputs: Readonly<Record<string, string>> | undefined;
}

/** The task hub's tables as typed reads and writes; writes belong inside the commit loop. */
export interface TaskHubStore extends InstanceQueries {
  insertInstance(record: Omit<InstanceRecord, "key">): number;
  /** Writes what a turn may change: status, execution, input, output, custom status, time. */
  updateInstance(record: InstanceRecord): void;
  /** Writes a custom status that has changed while the status stayed, and the time; no index is touched. */
  updateCustomStatus(record: InstanceRecord): void;
  /** Removes the instance with its history. */
  deleteInstance(key: number): void;
  /** Removes the instance with its history if it has finished. @returns whether it had. */
  deleteFinished(key: number): boolean;
  findInstance(id: string): InstanceRecord | undefined;
  readInstance(key: number): InstanceRecord | undefined;
  countByStatus(): Partial<Record<RuntimeStatus, number>>;
  appendTurn(key: number, turn: number, recorded: StoredTurn): void;
  readTurns(key: number): StoredTurn[];
  /** Rewrites the events of a recorded turn; its inputs stay. */
  replaceEvents(key: number, turn: number, events: string): void;
  deleteTurns(key: number): void;
  insertMessage(message: StoredMessage): void;
  deleteMessage(sequence: number): void;
  /** The greatest sequence of a waiting message; 0 when none waits. */
  lastMessageSequence(): number;
  /** All waiting messages, in order of arrival. */
  readMessages(): StoredMessage[];
}

const columns =
  "id, execution_id, name, version, status, created_at, updated_at, parent, trace, custom_status, output, input";

/** Prepares the statements of a migrated task hub database. */
export function createTaskHubStore(database: DatabaseSync): TaskHubStore {
  return {
    ...instanceTable(database),
    ...createInstanceQueries(database),
    ...historyTable(database),
    ...messageTable(database),
  };
}

function instanceTable(database: DatabaseSync) {
  const insert = database.prepare(
    `INSERT INTO th_instance (${columns}) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`,
  );
  const update = database.prepare(
    "UPDATE th_instance SET execution_id = ?, status = ?, updated_at = ?, custom_status = ?, output = ?, input = ? WHERE key = ?",
  );
  const customize = database.prepare(
    "UPDATE th_instance SET updated_at = ?, custom_status = ? WHERE key = ?",
  );
  const remove = database.prepare("DELETE FROM th_instance WHERE key = ?");
  const removeTurns = database.prepare(
    "DELETE FROM th_history WHERE position >= ? AND position < ?",
  );
  const removeFinished = database.prepare(
    `DELETE FROM th_instance WHERE key = ? AND status NOT IN (${toSqlList(liveStatuses)})`,
  );
  const find = database.prepare(
    `SELECT key, ${columns} FROM th_instance WHERE id = ?`,
  );
  const read = database.prepare(
    `SELECT key, ${columns} FROM th_instance WHERE key = ?`,
  );
  const count = database.prepare(
    "SELECT status, count(*) AS instances FROM th_instance GROUP BY status",
  );

  return {
    insertInstance: (record: Omit<InstanceRecord, "key">) =>
      Number(insert.run(...toColumns(record)).lastInsertRowid),
    updateInstance: (record: InstanceRecord) =>
      void update.run(
        record.executionId,
        record.status,
        record.updatedAt,
        record.customStatus ?? null,
        record.output ?? null,
        record.input ?? null,
        record.key,
      ),
    updateCustomStatus: ({ key, updatedAt, customStatus }: InstanceRecord) =>
      void customize.run(updatedAt, customStatus ?? null, key),
    deleteInstance(key: number) {
      remove.run(key);
      removeTurns.run(...historyRange(key));
    },
    deleteFinished(key: number) {
      const isRemoved = removeFinished.run(key).changes !== 0;
      if (isRemoved) removeTurns.run(...historyRange(key));
      return isRemoved;
    },
    findInstance: (id: string) => fromFound(find.get(id)),
    readInstance: (key: number) => fromFound(read.get(key)),
    countByStatus: () =>
      Object.fromEntries(
        count.all().map((row) => [row["status"], row["instances"]]),
      ) as Partial<Record<RuntimeStatus, number>>,
  };
}

function historyTable(database: DatabaseSync) {
  const append = database.prepare(
    "INSERT INTO th_history (position, events, inputs) VALUES (?, ?, ?)",
  );
  const replace = database.prepare(
    "UPDATE th_history SET events = ? WHERE position = ?",
  );
  const read = database.prepare(
    "SELECT events, inputs FROM th_history WHERE position >= ? AND position < ? ORDER BY position",
  );
  const remove = database.prepare(
    "DELETE FROM th_history WHERE position >= ? AND position < ?",
  );
  return {
    appendTurn: (key: number, turn: number, recorded: StoredTurn) =>
      void append.run(
        key * turnsPerInstance + turn,
        recorded.events,
        toJson(recorded.inputs),
      ),
    readTurns: (key: number) =>
      read.all(...historyRange(key)).map((row) => ({
        events: String(row["events"]),
        inputs: fromJson(row["inputs"]) as StoredTurn["inputs"],
      })),
    replaceEvents: (key: number, turn: number, events: string) =>
      void replace.run(events, key * turnsPerInstance + turn),
    deleteTurns: (key: number) => void remove.run(...historyRange(key)),
  };
}

function messageTable(database: DatabaseSync) {
  const insert = database.prepare(
    "INSERT INTO th_message (sequence, instance, execution_id, event) VALUES (?, ?, ?, ?)",
  );
  const remove = database.prepare("DELETE FROM th_message WHERE sequence = ?");
  const last = database.prepare(
    "SELECT max(sequence) AS sequence FROM th_message",
  );
  const read = database.prepare(
    "SELECT sequence, instance, execution_id, event FROM th_message ORDER BY sequence",
  );
  return {
    insertMessage: (message: StoredMessage) =>
      void insert.run(
        message.sequence,
        message.instanceKey,
        message.executionId ?? null,
        JSON.stringify(message.event),
      ),
    deleteMessage: (sequence: number) => void remove.run(sequence),
    lastMessageSequence: () => Number(last.get()?.["sequence"] ?? 0),
    readMessages: () =>
      read.all().map((row) => ({
        sequence: Number(row["sequence"]),
        instanceKey: Number(row["instance"]),
        executionId:
          row["execution_id"] === null
            ? undefined
            : String(row["execution_id"]),
        event: JSON.parse(String(row["event"])) as MessageEvent,
      })),
  };
}

function historyRange(key: number): [from: number, to: number] {
  return [key * turnsPerInstance, (key + 1) * turnsPerInstance];
}

interface Row {
  readonly key: number;
  readonly id: string;
  readonly execution_id: string;
  readonly name: string;
  readonly version: string;
  readonly status: RuntimeStatus;
  readonly created_at: number;
  readonly updated_at: number;
  readonly parent: string | null;
  readonly trace: string | null;
  readonly custom_status: string | null;
  readonly output: string | null;
  readonly input: string | null;
}

function toColumns(record: Omit<InstanceRecord, "key">): SQLInputValue[] {
  return [
    record.id,
    record.executionId,
    record.name,
    record.version,
    record.status,
    record.createdAt,
    record.updatedAt,
    toJson(record.parent),
    toJson(record.trace),
    record.customStatus ?? null,
    record.output ?? null,
    record.input ?? null,
  ];
}

function fromFound(row: unknown): InstanceRecord | undefined {
  return row === undefined ? undefined : fromRow(row as Row);
}

function fromRow(row: Row): InstanceRecord {
  return {
    key: row.key,
    id: row.id,
    executionId: row.execution_id,
    name: row.name,
    version: row.version,
    status: row.status,
    createdAt: row.created_at,
    updatedAt: row.updated_at,
    parent: fromJson(row.parent) as InstanceRecord["parent"],
    trace: fromJson(row.trace) as InstanceRecord["trace"],
    customStatus: row.custom_status ?? undefined,
    output: row.output ?? undefined,
    input: row.input ?? undefined,
  };
}

/** Names of this program's own, as an SQL list. */
function toSqlList(names: Iterable<string>): string {
  return [...names].map((name) => `'${name}'`).join(", ");
}

function toJson(value: unknown): string | null {
  return value === undefined ? null : JSON.stringify(value);
}

function fromJson(text: unknown): unknown {
  return typeof text === "string" ? JSON.parse(text) : undefined;
}
