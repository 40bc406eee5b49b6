import { closeSync, fsyncSync, openSync } from "node:fs";
import type { DatabaseSync } from "node:sqlite";
import { turnsPerInstance } from "../local/durable/schema.ts";

/** One turn's events and the inputs of what it scheduled, in size: five of them are a sequence of four activities. */
const eventBytes = 850;
const inputBytes = 300;
const turnsPerRun = 5;
const instancesPerCommit = 5000;

/**
 * Adds finished instances by SQL, a second of the past apart: every hundredth failed, the ID of every hundredth begins
 * with `rare-`. They are on disk when it returns.
 */
export function fillHub(database: DatabaseSync, instances: number): void {
  const startedAt = Date.now() - instances * 1000;
  database.exec("PRAGMA synchronous = OFF");
  const first = Number(
    database.prepare("SELECT max(key) AS key FROM th_instance").get()?.["key"],
  );
  const addInstances = database.prepare(
    `WITH RECURSIVE numbers (n) AS (SELECT ?1 UNION ALL SELECT n + 1 FROM numbers WHERE n < ?2)
     INSERT INTO th_instance (key, id, execution_id, name, version, status, created_at, updated_at, output, input)
     SELECT n, iif(n % 100 = 50, 'rare-', '') || lower(hex(randomblob(16))), lower(hex(randomblob(16))),
       iif(n % 10, 'sequence', 'other'), '', iif(n % 100, 'Completed', 'Failed'),
       ?3 + n * 1000, ?3 + n * 1000 + 900, '"' || hex(randomblob(${inputBytes / 2})) || '"', '"' || hex(randomblob(${inputBytes / 2})) || '"'
     FROM numbers`,
  );
  const addHistory = database.prepare(
    `WITH RECURSIVE numbers (n) AS (SELECT ?1 UNION ALL SELECT n + 1 FROM numbers WHERE n < ?2),
       turns (turn) AS (SELECT 0 UNION ALL SELECT turn + 1 FROM turns WHERE turn < ${turnsPerRun - 1})
     INSERT INTO th_history (position, events, inputs)
     SELECT n * ${turnsPerInstance} + turn,
       '{"EventType":12,"Data":"' || hex(randomblob(${eventBytes / 2})) || '"}',
       '{"0":"' || hex(randomblob(${inputBytes / 2})) || '"}'
     FROM numbers, turns ORDER BY n, turn`,
  );
  for (let done = 0; done < instances; done += instancesPerCommit) {
    const from = first + done + 1;
    const to = first + Math.min(done + instancesPerCommit, instances);
    database.exec("BEGIN");
    addInstances.run(from, to, startedAt);
    addHistory.run(from, to);
    database.exec("COMMIT");
  }
  database.exec("PRAGMA synchronous = FULL");
  database.exec("PRAGMA wal_checkpoint(TRUNCATE)");
  // What was written without syncs, too: it would be synced with what is measured.
  const file = openSync(String(database.location()), "r");
  fsyncSync(file);
  closeSync(file);
}
