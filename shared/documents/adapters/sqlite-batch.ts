import { randomUUID } from "node:crypto";
import type { DatabaseSync } from "node:sqlite";
import type { Now } from "../../kernel/clock.ts";
import type { EncodedOperation } from "../document-codec.ts";
import type {
  BatchOutcome,
  ConflictReason,
  PartitionKey,
} from "../document-store.ts";

/** How often, and how many at a time, documents whose time is over are deleted. */
const sweepEveryMs = 60_000;
const sweepAtMost = 500;

/** Applies batches inside an open transaction. */
export interface BatchWriter {
  /** All operations in order, or none of them. */
  apply(
    partition: PartitionKey,
    operations: readonly EncodedOperation[],
  ): BatchOutcome;
}

type Applied =
  { readonly etag: string } | { readonly conflict: ConflictReason };

export function createBatchWriter(
  database: DatabaseSync,
  now: Now,
): BatchWriter {
  const sweepExpired = createSweeper(database, now);
  const applyOne = createOperationWriter(database, now);

  return {
    apply(partition, operations) {
      sweepExpired();
      database.exec("SAVEPOINT batch");
      try {
        const outcome = applyAll(operations, (operation) =>
          applyOne(partition, operation),
        );
        if (!outcome.ok) database.exec("ROLLBACK TO batch");
        database.exec("RELEASE batch");
        return outcome;
      } catch (error) {
        // A failure such as a full disk may have rolled the whole transaction back already.
        if (database.isTransaction) {
          database.exec("ROLLBACK TO batch; RELEASE batch");
        }
        throw error;
      }
    },
  };
}

function applyAll(
  operations: readonly EncodedOperation[],
  applyOne: (operation: EncodedOperation) => Applied,
): BatchOutcome {
  const etags: string[] = [];
  for (const [index, operation] of operations.entries()) {
    const applied = applyOne(operation);
    if ("conflict" in applied) {
      return { ok: false, index, reason: applied.conflict };
    }
    etags.push(applied.etag);
  }
  return { ok: true, etags };
}

function createOperationWriter(
  database: DatabaseSync,
  now: Now,
): (partition: PartitionKey, operation: EncodedOperation) => Applied {
  const key = "tenant_id = ? AND kind = ? AND scope = ? AND id = ?";
  const findEtag = database.prepare(
    `SELECT etag FROM documents WHERE ${key} AND (expires_at IS NULL OR expires_at > ?)`,
  );
  const remove = database.prepare(`DELETE FROM documents WHERE ${key}`);
  const put = database.prepare(
    `INSERT INTO documents (tenant_id, kind, scope, id, schema_version, etag, expires_at, body)
     VALUES (?, ?, ?, ?, ?, ?, ?, ?)
     ON CONFLICT DO UPDATE SET schema_version = excluded.schema_version, etag = excluded.etag,
       expires_at = excluded.expires_at, body = excluded.body`,
  );

  return ({ tenantId, scope }, operation) => {
    const target = [tenantId, operation.kind, scope, operation.id] as const;
    const found = findEtag.get(...target, now())?.["etag"];
    const conflict = conflictOf(operation, found);
    if (conflict) return { conflict };
    if (operation.op === "delete") {
      remove.run(...target);
      return { etag: "" };
    }
    const { schemaVersion, ttlSeconds, body } = operation;
    const etag = randomUUID();
    const expiresAt =
      ttlSeconds === undefined ? null : now() + ttlSeconds * 1000;
    put.run(...target, schemaVersion, etag, expiresAt, body);
    return { etag };
  };
}

function conflictOf(
  operation: EncodedOperation,
  found: unknown,
): ConflictReason | undefined {
  switch (operation.op) {
    case "create":
      return found === undefined ? undefined : "exists";
    case "upsert":
      return undefined;
    case "replace":
    case "delete":
      if (found === undefined) return "missing";
      return operation.ifMatch === undefined || operation.ifMatch === found
        ? undefined
        : "changed";
    default:
      return operation satisfies never;
  }
}

/** Deletes what is over, a little with some batches, so that no timer outlives its use. */
function createSweeper(database: DatabaseSync, now: Now): () => void {
  const sweep = database.prepare(
    `DELETE FROM documents WHERE rowid IN
       (SELECT rowid FROM documents WHERE expires_at <= ? LIMIT ${sweepAtMost})`,
  );
  let dueAt = 0;
  return () => {
    const at = now();
    if (at < dueAt) return;
    const { changes } = sweep.run(at);
    dueAt = Number(changes) < sweepAtMost ? at + sweepEveryMs : at;
  };
}
