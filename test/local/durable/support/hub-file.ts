import type { DatabaseSync } from "node:sqlite";

import {
  taskHubApplicationId,
  taskHubMigrations,
} from "../../../../local/durable/schema.ts";
import { openDatabase } from "../../../../shared/storage/open-database.ts";

/** Opens a task hub's file as the program that knew so many schema versions did. */
export function openHubFile(
  file: string,
  version: number = taskHubMigrations.length,
): DatabaseSync {
  return openDatabase({
    file,
    applicationId: taskHubApplicationId,
    migrations: taskHubMigrations.slice(0, version),
    canShrink: true,
  });
}

/** Adds so many instances of one status, made a millisecond after another, each with three turns of history. */
export function addInstances(
  database: DatabaseSync,
  added: {
    readonly count: number;
    readonly status: string;
    readonly prefix: string;
    readonly createdAt: number;
  },
): void {
  database.exec("BEGIN");
  database
    .prepare(
      `WITH RECURSIVE numbers (n) AS (SELECT 0 UNION ALL SELECT n + 1 FROM numbers WHERE n < ? - 1)
       INSERT INTO th_instance (id, execution_id, name, version, status, created_at, updated_at)
       SELECT ? || printf('%07d', n), 'e', 'work', '', ?, ? + n, 0 FROM numbers`,
    )
    .run(added.count, added.prefix, added.status, added.createdAt);
  database
    .prepare(
      `INSERT INTO th_history (position, events)
       SELECT key * 2097152 + turn, json_object('Text', hex(zeroblob(200)))
       FROM th_instance, (SELECT 0 AS turn UNION SELECT 1 UNION SELECT 2)
       WHERE id >= ? AND id < ? || char(0x10ffff)`,
    )
    .run(added.prefix, added.prefix);
  database.exec("COMMIT");
}
