import type { DatabaseSync } from "node:sqlite";

import type { EntityMessage } from "./entity-message.ts";

/** An entity as the task hub keeps it. Times are milliseconds since the epoch. */
export interface EntityRecord {
  /** `@name@key` */
  readonly id: string;
  /** A deleted entity that is locked does not exist, and still has a row. */
  readonly exists: boolean;
  /** JSON text. */
  readonly state: string | undefined;
  /** The instance ID of the orchestration that holds it. */
  readonly lockedBy: string | undefined;
  readonly updatedAt: number;
}

export interface StoredEntityMessage {
  readonly sequence: number;
  readonly entityId: string;
  /** Not to be delivered before. */
  readonly dueAt: number | undefined;
  readonly message: EntityMessage;
}

export interface EntityListQuery {
  readonly idPrefix: string;
  readonly updatedFrom: number;
  readonly updatedTo: number;
  /** Only entities with a greater ID. */
  readonly afterId: string;
  readonly limit: number;
}

/** The tables of entities and of their messages as typed reads and writes; writes belong inside the commit loop. */
export interface EntityStore {
  findEntity(id: string): EntityRecord | undefined;
  putEntity(record: EntityRecord): void;
  deleteEntity(id: string): void;
  /** Entities that exist, by ID. */
  listEntities(query: EntityListQuery): EntityRecord[];
  /** IDs of the entities that the orchestration holds. */
  listLockedBy(instanceId: string): string[];
  insertEntityMessage(message: StoredEntityMessage): void;
  deleteEntityMessage(sequence: number): void;
  /** The greatest sequence of a waiting message; 0 when none waits. */
  lastEntityMessageSequence(): number;
  /** All waiting messages, in order of arrival. */
  readEntityMessages(): StoredEntityMessage[];
}

/** Prepares the statements of a migrated task hub database. */
export function createEntityStore(database: DatabaseSync): EntityStore {
  return { ...entityTable(database), ...entityMessageTable(database) };
}

function entityTable(database: DatabaseSync) {
  const columns = "id, is_existing, state, locked_by, updated_at";
  const find = database.prepare(
    `SELECT ${columns} FROM th_entity WHERE id = ?`,
  );
  const put = database.prepare(
    `INSERT INTO th_entity (${columns}) VALUES (?, ?, ?, ?, ?)
     ON CONFLICT (id) DO UPDATE SET is_existing = excluded.is_existing, state = excluded.state,
       locked_by = excluded.locked_by, updated_at = excluded.updated_at`,
  );
  const remove = database.prepare("DELETE FROM th_entity WHERE id = ?");
  // The range makes the prefix an index range; SQLite's LIKE would not be one.
  const list = database.prepare(
    `SELECT ${columns} FROM th_entity
     WHERE is_existing = 1 AND id > ? AND id >= ? AND id < ? AND updated_at >= ? AND updated_at <= ?
     ORDER BY id LIMIT ?`,
  );
  const locked = database.prepare(
    "SELECT id FROM th_entity WHERE locked_by = ? ORDER BY id",
  );
  return {
    findEntity(id: string) {
      const row = find.get(id);
      return row === undefined ? undefined : fromRow(row as unknown as Row);
    },
    putEntity: (record: EntityRecord) =>
      void put.run(
        record.id,
        record.exists ? 1 : 0,
        record.state ?? null,
        record.lockedBy ?? null,
        record.updatedAt,
      ),
    deleteEntity: (id: string) => void remove.run(id),
    listEntities: (query: EntityListQuery) =>
      (
        list.all(
          query.afterId,
          query.idPrefix,
          `${query.idPrefix}\u{10ffff}`,
          query.updatedFrom,
          query.updatedTo,
          query.limit,
        ) as unknown as Row[]
      ).map(fromRow),
    listLockedBy: (instanceId: string) =>
      locked.all(instanceId).map((row) => String(row["id"])),
  };
}

function entityMessageTable(database: DatabaseSync) {
  const insert = database.prepare(
    "INSERT INTO th_entity_message (sequence, entity, due_at, message) VALUES (?, ?, ?, ?)",
  );
  const remove = database.prepare(
    "DELETE FROM th_entity_message WHERE sequence = ?",
  );
  const last = database.prepare(
    "SELECT max(sequence) AS sequence FROM th_entity_message",
  );
  const read = database.prepare(
    "SELECT sequence, entity, due_at, message FROM th_entity_message ORDER BY sequence",
  );
  return {
    insertEntityMessage: (stored: StoredEntityMessage) =>
      void insert.run(
        stored.sequence,
        stored.entityId,
        stored.dueAt ?? null,
        JSON.stringify(stored.message),
      ),
    deleteEntityMessage: (sequence: number) => void remove.run(sequence),
    lastEntityMessageSequence: () => Number(last.get()?.["sequence"] ?? 0),
    readEntityMessages: () =>
      read.all().map((row) => ({
        sequence: Number(row["sequence"]),
        entityId: String(row["entity"]),
        dueAt: row["due_at"] === null ? undefined : Number(row["due_at"]),
        message: JSON.parse(String(row["message"])) as EntityMessage,
      })),
  };
}

interface Row {
  readonly id: string;
  readonly is_existing: number;
  readonly state: string | null;
  readonly locked_by: string | null;
  readonly updated_at: number;
}

function fromRow(row: Row): EntityRecord {
  return {
    id: row.id,
    exists: row.is_existing === 1,
    state: row.state ?? undefined,
    lockedBy: row.locked_by ?? undefined,
    updatedAt: row.updated_at,
  };
}
