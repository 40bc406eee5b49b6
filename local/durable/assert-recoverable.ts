import type { DatabaseSync } from "node:sqlite";

import { DatabaseRefused } from "../../shared/storage/database-refused.ts";
import { readPragma } from "../../shared/storage/open-database.ts";
import { liveStatuses } from "./instance-record.ts";
import { turnsPerInstance } from "./schema.ts";

const statuses = [...liveStatuses].map((status) => `'${status}'`).join(", ");

/** What recovery reads and parses, each by the query that finds rows of it which are no JSON, and its schema version. */
const unreadable: readonly (readonly [
  since: number,
  what: string,
  sql: string,
])[] = [
  [
    1,
    "an unfinished instance",
    `SELECT 1 FROM th_instance WHERE status IN (${statuses})
     AND NOT (coalesce(json_valid(parent), 1) AND coalesce(json_valid(trace), 1))`,
  ],
  [
    1,
    "the history of an unfinished instance",
    `SELECT 1 FROM th_instance CROSS JOIN th_history
     ON position >= key * ${turnsPerInstance} AND position < (key + 1) * ${turnsPerInstance}
     WHERE status IN (${statuses})
     AND NOT (json_valid('[' || events || ']') AND coalesce(json_valid(inputs), 1))`,
  ],
  [
    1,
    "a waiting message",
    "SELECT 1 FROM th_message WHERE NOT json_valid(event)",
  ],
  [
    2,
    "an entity's waiting message",
    "SELECT 1 FROM th_entity_message WHERE NOT json_valid(message)",
  ],
];

/**
 * Reads what recovery is going to read, so that a damaged task hub is refused before anything of it runs. It costs as
 * much as there is unfinished; what has finished is not looked at.
 *
 * @throws DatabaseRefused naming what cannot be read.
 */
export function assertRecoverable(database: DatabaseSync, file: string): void {
  const version = readPragma(database, "user_version");
  for (const [since, what, sql] of unreadable) {
    if (version < since) continue;
    if (database.prepare(`${sql} LIMIT 1`).get() === undefined) continue;
    throw new DatabaseRefused(
      `${file} is damaged: ${what} cannot be read. Restore it from a backup, or move it away together with its -wal file to begin with an empty one.`,
    );
  }
}
