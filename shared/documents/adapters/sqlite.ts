import type { DatabaseSync, SQLOutputValue, StatementSync } from "node:sqlite";
import { systemNow, type Now } from "../../kernel/clock.ts";
import { Tag } from "../../kernel/metadata.ts";
import { available } from "../../storage/available.ts";
import { createGroupWriter } from "../../storage/group-writer.ts";
import { openDatabase } from "../../storage/open-database.ts";
import { createDocumentCodec, type DocumentCodec } from "../document-codec.ts";
import {
  toContinuation,
  toPlainQuery,
  type Page,
  type PlainQuery,
} from "../document-query.ts";
import type {
  DocumentIndexes,
  DocumentKinds,
  DocumentOf,
  DocumentStore,
  DocumentUpgrades,
  Stored,
} from "../document-store.ts";
import { createBatchWriter } from "./sqlite-batch.ts";
import { toSqlQuery } from "./sqlite-query.ts";
import {
  alignIndexes,
  documentsApplicationId,
  documentsMigrations,
} from "./sqlite-schema.ts";

export interface SqliteDocumentStoreOptions<K extends DocumentKinds> {
  readonly file: string;
  readonly kinds: K;
  readonly now?: Now;
  readonly indexes?: DocumentIndexes<K>;
  readonly upgrades?: DocumentUpgrades<K>;
}

type Row = Record<string, SQLOutputValue>;

/**
 * Opens the document store of one machine. Several processes may open the same file.
 *
 * Q1. The batches of one event-loop turn share one commit; each is a savepoint of it, so a conflict undoes its own batch
 *     only. A promise resolves after the commit, and no read sees what is not committed.
 * Q2. After a crash the file holds whole turns: every batch that was answered, none by half.
 *
 * @throws DatabaseRefused when the file is not ours or is newer than this program
 */
export function createSqliteDocumentStore<K extends DocumentKinds>(
  options: SqliteDocumentStoreOptions<K>,
): DocumentStore<K> {
  const { file, kinds, now = systemNow } = options;
  const codec = createDocumentCodec(kinds, options.upgrades);
  const database = openDatabase({
    file,
    applicationId: documentsApplicationId,
    migrations: documentsMigrations,
  });
  alignIndexes(database, options.indexes ?? {});
  const group = createGroupWriter(database);
  const writer = createBatchWriter(database, now);
  const prepared = createStatementCache(database);
  const one = prepared(
    "SELECT id, scope, etag, schema_version, body FROM documents WHERE tenant_id = ? AND kind = ? AND scope = ? AND id = ? AND (expires_at IS NULL OR expires_at > ?)",
  );

  const toStored = <N extends keyof K & string>(kind: N, row: Row) =>
    storedOf(row, codec, kind);

  return {
    read: (kind, { tenantId, scope }, id) =>
      available(async () => {
        const row = one.get(tenantId, kind, scope, id, now());
        return row && toStored(kind, row);
      }),

    batch: (partition, operations) =>
      available(async () => {
        const encoded = codec.encode(partition, operations);
        return group.write(() => writer.apply(partition, encoded));
      }),

    query: (query) =>
      available(async () => {
        const plain = toPlainQuery(kinds, query);
        const { sql, parameters } = toSqlQuery(plain, now());
        const rows = prepared(sql).all(...parameters);
        return toPage(plain, rows, (row) => toStored(query.kind, row));
      }),

    ping: () => available(async () => void prepared("SELECT 1").get()),

    close: async () => {
      group.flush();
      database.close();
    },
  };
}

function storedOf<K extends DocumentKinds, N extends keyof K & string>(
  row: Row,
  codec: DocumentCodec<K>,
  kind: N,
): Stored<DocumentOf<K, N>> {
  const version = Number(row["schema_version"]);
  return {
    id: Tag.parse(row["id"]),
    scope: Tag.parse(row["scope"]),
    etag: String(row["etag"]),
    document: codec.decode(kind, version, String(row["body"])),
  };
}

/** `rows` holds one more than the page when there is a next one. */
function toPage<T>(
  query: PlainQuery,
  rows: readonly Row[],
  toItem: (row: Row) => T,
): Page<T> {
  const page = rows.slice(0, query.limit);
  const items = page.map(toItem);
  const last = page.at(-1);
  return rows.length > query.limit && last
    ? { items, continuation: continueAfter(query, last) }
    : { items };
}

function continueAfter(query: PlainQuery, row: Row): string {
  const value = row["order_value"];
  return toContinuation(query, {
    value:
      typeof value === "string" || typeof value === "number"
        ? value
        : undefined,
    id: Tag.parse(row["id"]),
    scope: Tag.parse(row["scope"]),
  });
}

/** Each text is prepared once. There are as many as the code has shapes of queries. */
function createStatementCache(
  database: DatabaseSync,
): (sql: string) => StatementSync {
  const statements = new Map<string, StatementSync>();
  return (sql) => {
    const known = statements.get(sql) ?? database.prepare(sql);
    statements.set(sql, known);
    return known;
  };
}
