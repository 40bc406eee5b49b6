import { createWorkerChoice } from "./choose-worker.ts";
import { HostStartError } from "./host-start-error.ts";
import type { InvocationOutcome } from "./open-invocations.ts";
import type { InvocationRequest, LoadedApp } from "./worker-messages.ts";
import { forkWorker } from "./worker-process.ts";
import type { WorkerProcess, WorkerProcessOptions } from "./worker-process.ts";
import { createWorkerSlot } from "./worker-slot.ts";

export interface WorkerSupervisor {
  /** Forks the first worker, which says what the app has. @throws HostStartError when the app cannot be loaded. */
  start(): Promise<LoadedApp>;
  /** Forks the other workers, one after the other; each takes part as soon as it has loaded the app. */
  startOthers(): Promise<void>;
  /** Runs one invocation on a worker that reacts; while there is none, the invocation waits for one. */
  invoke(
    request: InvocationRequest,
    timeoutMs: number,
    dispatched?: (httpPort: number) => void,
  ): Promise<InvocationOutcome>;
  /** App settings that are known only after the first load; later workers have them from their start. */
  addSettings(values: Readonly<Record<string, string>>): void;
  workerPids(): readonly number[];
  /** Ends all workers; what waits for one is lost. */
  stop(graceMs: number): Promise<void>;
}

export interface WorkerSupervisorOptions extends Omit<
  WorkerProcessOptions,
  "onRecovery"
> {
  /** How many workers, at least one. */
  readonly count: number;
  /** Called whenever the set of worker processes changed. */
  readonly onChange: () => void;
}

/** Keeps `count` workers running and gives each invocation to one of them. */
export function createWorkerSupervisor(
  options: WorkerSupervisorOptions,
): WorkerSupervisor {
  const { log, onChange } = options;
  const stopping = new AbortController();
  const env = { ...options.env };
  const choice = createWorkerChoice<WorkerProcess>();
  /** What waits for a worker, in its order. */
  let waiting: (() => void)[] = [];
  let firstFunctions: string | undefined;

  /** A worker that is ending or does not react gets nothing new: it would be lost or stuck with it. */
  const pick = (affinity: string | undefined): WorkerProcess | undefined => {
    if (stopping.signal.aborted) return undefined;
    const available = slots.flatMap((slot) => {
      const worker = slot.loaded();
      return worker?.isAvailable() === true ? [worker] : [];
    });
    return choice.choose(available, affinity);
  };

  /** Lets those that wait try again; those that find nothing wait on. */
  const retryWaiting = (): void => {
    const due = waiting;
    waiting = [];
    for (const attempt of due) attempt();
  };

  const fork = (): WorkerProcess => {
    const worker = forkWorker({ ...options, env, onRecovery: retryWaiting });
    log("information", "worker-started", { pid: worker.pid });
    return worker;
  };

  const onLoaded = ({ functions }: LoadedApp): void => {
    const reported = JSON.stringify(functions);
    firstFunctions ??= reported;
    if (reported !== firstFunctions)
      log("warning", "app-changed", {
        message:
          "The app's functions changed since the host started; restart the host to use them.",
      });
    retryWaiting();
  };

  const slots = Array.from({ length: options.count }, () =>
    createWorkerSlot({
      fork,
      log,
      stopping: stopping.signal,
      onLoaded,
      onChange,
      onEnded: choice.forget,
    }),
  );
  const [first, ...others] = slots;

  return {
    async start() {
      try {
        if (first === undefined) throw new Error("there is no worker");
        return await first.start();
      } catch (error) {
        throw new HostStartError(
          `The app did not start: ${firstLine((error as Error).message)}`,
        );
      }
    },
    async startOthers() {
      for (const slot of others) {
        if (stopping.signal.aborted) return;
        await slot.start().catch(slot.retry);
      }
    },
    invoke(request, timeoutMs, dispatched) {
      return new Promise((resolve) => {
        const attempt = (): void => {
          const worker = pick(request.affinity);
          if (worker !== undefined)
            resolve(worker.invoke(request, timeoutMs, dispatched));
          else if (stopping.signal.aborted) resolve({ kind: "lost" });
          else waiting.push(attempt);
        };
        attempt();
      });
    },
    addSettings(values) {
      Object.assign(env, values);
      for (const slot of slots) slot.forked()?.sendSettings(values);
    },
    workerPids: () => slots.flatMap((slot) => slot.forked()?.pid ?? []),
    async stop(graceMs) {
      stopping.abort();
      retryWaiting();
      await Promise.all(slots.map((slot) => slot.stop(graceMs)));
    },
  };
}

function firstLine(text: string): string {
  return text.split("\n", 1)[0] ?? "";
}
