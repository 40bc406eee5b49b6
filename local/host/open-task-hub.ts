import type { DatabaseSync } from "node:sqlite";
import { taskHubApplicationId, taskHubMigrations } from "../durable/schema.ts";
import { createCommitLoop } from "../../shared/storage/commit-loop.ts";
import type { CommitLoop } from "../../shared/storage/commit-loop.ts";
import { openDatabase } from "../../shared/storage/open-database.ts";
import type { HostLog } from "./host-log.ts";

export interface TaskHubStore {
  readonly database: DatabaseSync;
  readonly loop: CommitLoop;
  /** Commits what is pending and closes the file. */
  close(): Promise<void>;
}

/** Opens the file of the task hub and of the timers' status. A commit that fails ends the process: the disk is the truth. */
export function openTaskHub(file: string, log: HostLog): TaskHubStore {
  const database = openDatabase({
    file,
    applicationId: taskHubApplicationId,
    migrations: taskHubMigrations,
  });
  const loop = createCommitLoop(database, (error) => endProcess(log, error));
  return {
    database,
    loop,
    async close() {
      loop.flush();
      // What the flush released may write once more in its own turn.
      await new Promise((resolve) => setImmediate(resolve));
      loop.flush();
      database.close();
    },
  };
}

/** A file that can no longer be written: memory is ahead of the disk, and only a restart brings them together. */
export function endProcess(log: HostLog, error: unknown): never {
  log("critical", "commit-failed", {
    errorName: error instanceof Error ? error.name : "Error",
  });
  process.exit(1);
}
