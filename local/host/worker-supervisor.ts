import { setTimeout as delay } from "node:timers/promises";
import { HostStartError } from "./host-start-error.ts";
import { forkWorker } from "./worker-process.ts";
import type { InvocationOutcome } from "./open-invocations.ts";
import type { WorkerProcess, WorkerProcessOptions } from "./worker-process.ts";
import type {
  FunctionMetadata,
  InvocationRequest,
  LoadedApp,
} from "./worker-messages.ts";

export interface WorkerSupervisor {
  /** Forks the first worker. @throws HostStartError when the app cannot be loaded. */
  start(): Promise<LoadedApp>;
  /** Runs one invocation; while a worker is being replaced, the invocation waits for the new one. */
  invoke(
    request: InvocationRequest,
    timeoutMs: number,
    dispatched?: (httpPort: number) => void,
  ): Promise<InvocationOutcome>;
  /** App settings that are known only after the first load; later workers have them from their start. */
  addSettings(values: Readonly<Record<string, string>>): void;
  workerPids(): readonly number[];
  stop(graceMs: number): Promise<void>;
}

export interface WorkerSupervisorOptions extends WorkerProcessOptions {
  /** Called whenever the set of worker processes changed. */
  readonly onChange: () => void;
}

/** A worker that lived this long did not die "at once": the next restart is immediate again. */
const healthyMs = 10_000;
const firstDelayMs = 250;
const longestDelayMs = 30_000;

/**
 * Keeps one worker running. A worker that dies is replaced, immediately the first time, then with growing delays for as
 * long as the replacements die at once.
 */
export function createWorkerSupervisor(
  options: WorkerSupervisorOptions,
): WorkerSupervisor {
  const { log, onChange } = options;
  const stopping = new AbortController();
  const env = { ...options.env };
  let forked: WorkerProcess | undefined;
  /** The worker that may be called; pending while it is being replaced. */
  let loaded: Promise<WorkerProcess | undefined> = Promise.resolve(undefined);
  let firstFunctions = "";

  const forkNext = (): WorkerProcess => {
    forked = forkWorker({ ...options, env });
    log("information", "worker-started", { pid: forked.pid });
    onChange();
    return forked;
  };

  /** Resolves with a loaded worker, however many attempts it takes; undefined once the host stops. */
  const replace = async (
    failures: number,
  ): Promise<WorkerProcess | undefined> => {
    for (let failed = failures; !stopping.signal.aborted; failed += 1) {
      const delayMs = restartDelayMs(failed);
      log("warning", "worker-restarting", { delayMs });
      // Stopping cuts the wait short.
      await delay(delayMs, undefined, { signal: stopping.signal }).catch(
        () => undefined,
      );
      if (stopping.signal.aborted) break;
      const next = forkNext();
      try {
        warnIfChanged((await next.ready).functions);
        void watch(next, failed);
        return next;
      } catch {
        await next.terminate(0);
        log("error", "worker-load-failed");
      }
    }
    return undefined;
  };

  const warnIfChanged = (functions: readonly FunctionMetadata[]): void => {
    if (JSON.stringify(functions) === firstFunctions) return;
    log("warning", "app-changed", {
      message:
        "The app's functions changed since the host started; restart the host to use them.",
    });
  };

  /** Replaces `watched` when it ends. */
  const watch = async (
    watched: WorkerProcess,
    failures: number,
  ): Promise<void> => {
    const startedAt = performance.now();
    await watched.ended;
    forked = undefined;
    if (stopping.signal.aborted) return;
    log("error", "worker-ended", { pid: watched.pid });
    const diedAtOnce = performance.now() - startedAt < healthyMs;
    loaded = replace(diedAtOnce ? failures + 1 : 0);
    onChange();
  };

  const start = async (): Promise<LoadedApp> => {
    const first = forkNext();
    try {
      const app = await first.ready;
      firstFunctions = JSON.stringify(app.functions);
      loaded = Promise.resolve(first);
      void watch(first, -1);
      return app;
    } catch (error) {
      await first.terminate(0);
      throw new HostStartError(
        `The app did not start: ${firstLine((error as Error).message)}`,
      );
    }
  };

  return {
    start,
    async invoke(request, timeoutMs, dispatched) {
      let worker = await loaded;
      if (worker?.isConnected() === false) {
        // It is going: its successor is known once it is gone.
        await worker.ended;
        worker = await loaded;
      }
      return worker?.invoke(request, timeoutMs, dispatched) ?? { kind: "lost" };
    },
    addSettings(values) {
      Object.assign(env, values);
      forked?.sendSettings(values);
    },
    workerPids: () => (forked === undefined ? [] : [forked.pid]),
    async stop(graceMs) {
      stopping.abort();
      await forked?.terminate(graceMs);
    },
  };
}

/** At once after the first failure, then growing. */
function restartDelayMs(failed: number): number {
  return failed === 0
    ? 0
    : Math.min(firstDelayMs * 2 ** (failed - 1), longestDelayMs);
}

function firstLine(text: string): string {
  return text.split("\n", 1)[0] ?? "";
}
