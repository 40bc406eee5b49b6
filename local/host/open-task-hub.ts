import { basename } from "node:path";
import type { DatabaseSync } from "node:sqlite";
import { assertRecoverable } from "../durable/assert-recoverable.ts";
import { taskHubApplicationId, taskHubMigrations } from "../durable/schema.ts";
import { createCommitLoop } from "../../shared/storage/commit-loop.ts";
import type { CommitLoop } from "../../shared/storage/commit-loop.ts";
import { openDatabase } from "../../shared/storage/open-database.ts";
import { createSpaceKeeper } from "../../shared/storage/space-keeper.ts";
import { describeSqliteFailure } from "../../shared/storage/sqlite-failure.ts";
import { watchDatabase } from "../../shared/storage/watch-database.ts";
import type { HostLog } from "./host-log.ts";

export interface TaskHubStore {
  readonly database: DatabaseSync;
  readonly loop: CommitLoop;
  /** Commits what is pending and closes the file. */
  close(): Promise<void>;
}

/**
 * Opens the file of the task hub and of the timers' status, which only the host that holds its home may do. A commit
 * that fails, and a page that cannot be read, end the process: the disk is the truth.
 *
 * @throws DatabaseRefused when the file is not a whole task hub of this program or an earlier one; it is left as it is.
 */
export function openTaskHub(file: string, log: HostLog): TaskHubStore {
  const database = openDatabase({
    file,
    applicationId: taskHubApplicationId,
    migrations: taskHubMigrations,
    canShrink: true,
    isSoleUser: true,
    inspect: (found) => assertRecoverable(found, file),
  });
  const fail = (error: unknown): never => endProcess(log, error, file);
  watchDatabase(database, fail);
  const loop = createCommitLoop(database, fail);
  const space = createSpaceKeeper(database, loop);
  space.start();
  return {
    database,
    loop,
    async close() {
      space.stop();
      loop.flush();
      // What the flush released may write once more in its own turn.
      await new Promise((resolve) => setImmediate(resolve));
      loop.flush();
      database.close();
    },
  };
}

/** A file that can no longer be used: memory is ahead of the disk, and only a restart brings them together. */
export function endProcess(
  log: HostLog,
  error: unknown,
  file = "service-bus.db",
): never {
  log("critical", "commit-failed", {
    errorName: error instanceof Error ? error.name : "Error",
    message: describeSqliteFailure(basename(file), error),
  });
  process.exit(1);
}
