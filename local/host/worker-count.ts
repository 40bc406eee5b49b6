import { availableParallelism } from "node:os";
import { HostStartError } from "./host-start-error.ts";
import type { Settings } from "./resolve-setting.ts";
import { isDebugged } from "./worker-arguments.ts";

/** Azure's own setting. */
export const workerCountSetting = "FUNCTIONS_WORKER_PROCESS_COUNT";
/** Azure's own bound. */
const mostWorkers = 10;
/** Unasked for, no more than what one host process can feed and a small machine's memory holds. */
const mostByDefault = 4;

/**
 * How many worker processes run the app: Azure's own setting, else one for each core, at most four.
 *
 * @throws HostStartError when the setting is not a whole number from 1 to 10.
 */
export function readWorkerCount(
  settings: Settings,
  cores = availableParallelism(),
): number {
  const text = settings[workerCountSetting] ?? "";
  if (text === "")
    return isDebugged(settings) ? 1 : Math.min(cores, mostByDefault);
  const count = /^\d{1,2}$/.test(text) ? Number(text) : 0;
  if (count >= 1 && count <= mostWorkers) return count;
  throw new HostStartError(
    `The setting ${workerCountSetting} must be a whole number from 1 to ${mostWorkers}.`,
  );
}
