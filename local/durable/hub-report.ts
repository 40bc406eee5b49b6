import { statSync } from "node:fs";
import { DatabaseSync } from "node:sqlite";

import { DatabaseRefused } from "../../shared/storage/database-refused.ts";
import { assertUsableFile } from "../../shared/storage/inspect-file.ts";
import { assertOurs, readPragma } from "../../shared/storage/open-database.ts";
import { describeSqliteFailure } from "../../shared/storage/sqlite-failure.ts";
import { assertRecoverable } from "./assert-recoverable.ts";
import { measureHistories, type HistorySizes } from "./history-sizes.ts";
import {
  taskHubApplicationId,
  taskHubMigrations,
  turnsPerInstance,
} from "./schema.ts";

/** What a task hub's file holds, in numbers and names: never inputs, outputs or events. */
export interface HubReport {
  readonly file: string;
  readonly schemaVersion: number;
  readonly bytes: {
    readonly file: number;
    readonly wal: number;
    /** Pages that are free for what is written next. */
    readonly free: number;
  };
  /** Whether free pages are given back while a host runs. */
  readonly canShrink: boolean;
  readonly instances: Readonly<Record<string, number>>;
  readonly waitingMessages: number;
  readonly history: HistorySizes;
}

export interface HubReportOptions {
  /** How many of the instances with the longest histories are named; with none, the newest instances are measured. */
  readonly largest: number;
}

/** How many of the newest instances are measured where not all are. */
const sampledInstances = 10_000;

/**
 * Reads a task hub's file, of whatever schema version, beside a host that may be running.
 *
 * @throws DatabaseRefused when it is none, or is damaged where it is read.
 */
export function readHubReport(
  file: string,
  { largest }: HubReportOptions,
): HubReport {
  return readHub(file, (database) => {
    const pageBytes = readPragma(database, "page_size");
    const last = readNumber(database, "SELECT max(key) FROM th_instance");
    return {
      file,
      schemaVersion: readPragma(database, "user_version"),
      bytes: {
        file: statSync(file).size,
        wal: statSync(`${file}-wal`, { throwIfNoEntry: false })?.size ?? 0,
        free: readPragma(database, "freelist_count") * pageBytes,
      },
      canShrink: readPragma(database, "auto_vacuum") !== 0,
      instances: countInstances(database),
      waitingMessages: readNumber(database, "SELECT count(*) FROM th_message"),
      history: measureHistories(database, {
        keys: [
          largest > 0 ? 0 : Math.max(0, last - sampledInstances + 1),
          last,
        ],
        turnsPerInstance,
        largest,
      }),
    };
  });
}

/**
 * What SQLite's own check finds wrong, a line each, at most ten; it reads the whole file.
 *
 * @throws DatabaseRefused also when the file is whole and yet holds what cannot be taken up.
 */
export function checkHub(file: string): readonly string[] {
  return readHub(file, (database) => {
    const problems = database
      .prepare("PRAGMA quick_check(10)")
      .all()
      .map((row) => String(row["quick_check"]))
      .filter((line) => line !== "ok");
    if (problems.length === 0) assertRecoverable(database, file);
    return problems;
  });
}

function readHub<T>(file: string, read: (database: DatabaseSync) => T): T {
  let database: DatabaseSync | undefined;
  try {
    if (statSync(file, { throwIfNoEntry: false }) === undefined)
      throw new DatabaseRefused(
        `There is no task hub at ${file}. Say where the app lies with --script-root, or set NUCLEUS_HOME.`,
      );
    assertUsableFile(file);
    database = new DatabaseSync(file, { readOnly: true, timeout: 5000 });
    assertOurs(database, {
      file,
      applicationId: taskHubApplicationId,
      migrations: taskHubMigrations,
    });
    return read(database);
  } catch (error) {
    if (error instanceof DatabaseRefused) throw error;
    throw new DatabaseRefused(describeSqliteFailure(file, error));
  } finally {
    database?.close();
  }
}

function countInstances(database: DatabaseSync): Record<string, number> {
  return Object.fromEntries(
    database
      .prepare(
        "SELECT status, count(*) AS instances FROM th_instance GROUP BY status",
      )
      .all()
      .map((row) => [String(row["status"]), Number(row["instances"])]),
  );
}

function readNumber(database: DatabaseSync, sql: string): number {
  return Number(Object.values(database.prepare(sql).get() ?? {})[0] ?? 0);
}
