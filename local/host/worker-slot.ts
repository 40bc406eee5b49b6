import { setTimeout as delay } from "node:timers/promises";
import type { HostLog } from "./host-log.ts";
import type { WorkerProcess } from "./worker-process.ts";
import type { LoadedApp } from "./worker-messages.ts";

/** One worker's place: whoever works in it is replaced when it ends. */
export interface WorkerSlot {
  /** Forks the slot's first worker. Rejects with one line when the app cannot be loaded; no worker is then left. */
  start(): Promise<LoadedApp>;
  /** Forks a worker in the slot of which `start` failed, as if one had died there. */
  retry(): void;
  /** The worker that may be called: its app is loaded and it has not ended. */
  loaded(): WorkerProcess | undefined;
  /** The worker process, loaded or not. */
  forked(): WorkerProcess | undefined;
  /** Ends the worker: one that has not loaded the app at once, as there is nothing that it could finish. */
  stop(graceMs: number): Promise<void>;
}

export interface WorkerSlotOptions {
  readonly fork: () => WorkerProcess;
  readonly log: HostLog;
  /** Nothing is forked once it is aborted. */
  readonly stopping: AbortSignal;
  readonly onLoaded: (app: LoadedApp) => void;
  /** A process came or went. */
  readonly onChange: () => void;
  /** A worker that was loaded is gone. */
  readonly onEnded: (worker: WorkerProcess) => void;
}

/** A worker that lived this long did not die "at once": the next restart is immediate again. */
const healthyMs = 10_000;
const firstDelayMs = 250;
const longestDelayMs = 30_000;

/**
 * Keeps one worker running. A worker that dies is replaced, immediately the first time, then with growing delays for as
 * long as the replacements die at once.
 */
export function createWorkerSlot(options: WorkerSlotOptions): WorkerSlot {
  const { log, stopping } = options;
  let forked: WorkerProcess | undefined;
  let loaded: WorkerProcess | undefined;

  const setForked = (worker: WorkerProcess | undefined): void => {
    forked = worker;
    options.onChange();
  };

  /** @throws what kept the worker from loading the app. */
  const load = async (): Promise<LoadedApp> => {
    const worker = options.fork();
    setForked(worker);
    try {
      const app = await worker.ready;
      loaded = worker;
      options.onLoaded(app);
      return app;
    } catch (error) {
      await worker.terminate(0);
      setForked(undefined);
      throw error;
    }
  };

  /** Resolves with whether the loaded worker lived long. */
  const live = async (worker: WorkerProcess): Promise<boolean> => {
    const startedAt = performance.now();
    await worker.ended;
    loaded = undefined;
    setForked(undefined);
    options.onEnded(worker);
    if (!stopping.aborted) log("error", "worker-ended", { pid: worker.pid });
    return performance.now() - startedAt >= healthyMs;
  };

  const keep = async (): Promise<void> => {
    /** How many died at once, one after the other. */
    let failed = -1;
    while (!stopping.aborted) {
      if (loaded !== undefined) failed = (await live(loaded)) ? 0 : failed + 1;
      else failed += 1;
      await pause(failed);
      if (stopping.aborted) return;
      await load().catch(() => log("error", "worker-load-failed"));
    }
  };

  /** Stopping cuts it short. */
  const pause = async (failed: number): Promise<void> => {
    if (stopping.aborted) return;
    const delayMs = restartDelayMs(failed);
    log("warning", "worker-restarting", { delayMs });
    await delay(delayMs, undefined, { signal: stopping }).catch(
      () => undefined,
    );
  };

  return {
    async start() {
      const app = await load();
      void keep();
      return app;
    },
    retry() {
      log("error", "worker-load-failed");
      void keep();
    },
    loaded: () => loaded,
    forked: () => forked,
    async stop(graceMs) {
      await forked?.terminate(loaded === undefined ? 0 : graceMs);
    },
  };
}

/** At once after the first failure, then growing. */
function restartDelayMs(failed: number): number {
  return failed === 0
    ? 0
    : Math.min(firstDelayMs * 2 ** (failed - 1), longestDelayMs);
}
