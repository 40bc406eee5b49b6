import { readFileSync } from "node:fs";
import { join } from "node:path";
import type { HostLog } from "./host-log.ts";
import type { RuntimeInfo } from "./runtime-file.ts";

/**
 * Ends workers that a killed host left behind. A worker ends itself when its host does, unless its event loop is
 * blocked: then it would go on beside the new worker. Called under the home's lock, so that no living host owns them.
 *
 * A process id may have been given to another program since: only a process that runs `workerFile` is ended, which can
 * be asked where there is a /proc.
 */
export function endLeftoverWorkers(
  home: string,
  workerFile: string,
  log: HostLog,
): void {
  for (const pid of readWorkerPids(join(home, "runtime.json"))) {
    if (!readCommand(pid).includes(workerFile)) continue;
    try {
      process.kill(pid, "SIGKILL");
      log("warning", "leftover-worker-ended", { pid });
    } catch {
      // It ended by itself in between.
    }
  }
}

function readWorkerPids(file: string): readonly number[] {
  try {
    const { workerPids } = JSON.parse(
      readFileSync(file, "utf8"),
    ) as Partial<RuntimeInfo>;
    return (
      workerPids?.filter((pid) => Number.isSafeInteger(pid) && pid > 1) ?? []
    );
  } catch {
    // The last host ended as it should and took the file away.
    return [];
  }
}

/** The arguments that a process was started with; none where they cannot be read. */
function readCommand(pid: number): readonly string[] {
  try {
    return readFileSync(`/proc/${pid}/cmdline`, "utf8").split("\0");
  } catch {
    return [];
  }
}
