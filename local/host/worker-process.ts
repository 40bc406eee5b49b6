import { fork } from "node:child_process";
import type { ChildProcess } from "node:child_process";
import { createInterface } from "node:readline";
import type { Readable } from "node:stream";
import type { HostLog } from "./host-log.ts";
import type { RpcListener } from "./http/listen-rpc.ts";
import { createMessageBatch } from "./message-batch.ts";
import { createOpenInvocations } from "./open-invocations.ts";
import type { InvocationOutcome } from "./open-invocations.ts";
import { readWorkerArguments } from "./worker-arguments.ts";
import type {
  HostToWorker,
  InvocationRequest,
  LoadedApp,
  WorkerToHost,
} from "./worker-messages.ts";
import { createWorkerPulse } from "./worker-pulse.ts";

export interface WorkerProcessOptions {
  readonly workerFile: string;
  readonly scriptRoot: string;
  readonly env: NodeJS.ProcessEnv;
  readonly log: HostLog;
  /** How long a worker may not answer a ping, after an invocation ran out of time, before it is killed. */
  readonly pingTimeoutMs?: number;
  /** Where the app's durable client asks without a connection; absent, it asks through the door only. */
  readonly rpc?: Pick<RpcListener, "rpcBaseUrl" | "ask">;
  /** Called when the worker, which did not react for a while, reacts again. */
  readonly onRecovery: () => void;
}

/** One forked worker, from its fork to its end. */
export interface WorkerProcess {
  readonly pid: number;
  /** Resolves with the app's functions; rejects with one line when the app cannot be loaded. */
  readonly ready: Promise<LoadedApp>;
  /** Resolves when the process is gone; every open invocation has then answered `lost`. */
  readonly ended: Promise<void>;
  /** False while its event loop does not turn, and once its channel is closed because the process is ending. */
  readonly isAvailable: () => boolean;
  /** How many invocations it has not answered yet. */
  readonly openCount: () => number;
  readonly invoke: (
    request: InvocationRequest,
    timeoutMs: number,
    dispatched?: (httpPort: number) => void,
  ) => Promise<InvocationOutcome>;
  readonly sendSettings: (values: Readonly<Record<string, string>>) => void;
  /** Lets the app's `appTerminate` hooks run, then makes sure that the process is gone after `graceMs`. */
  readonly terminate: (graceMs: number) => Promise<void>;
}

const defaultPingTimeoutMs = 5000;
/** Long for an event loop that turns, short for what would be given to one that does not. */
const pulseMs = 100;

export function forkWorker(options: WorkerProcessOptions): WorkerProcess {
  const { log, rpc } = options;
  const child = fork(options.workerFile, [], {
    cwd: options.scriptRoot,
    env: options.env,
    execArgv: readWorkerArguments(options.env),
    serialization: "advanced",
    stdio: ["ignore", "pipe", "pipe", "ipc"],
  });
  const ready = Promise.withResolvers<LoadedApp>();
  const ended = Promise.withResolvers<void>();
  // Who waits for `ended` only must not be told of a rejection.
  ready.promise.catch(() => undefined);
  const batch = createMessageBatch<HostToWorker>((messages) =>
    send(child, messages),
  );
  /** In its order behind what waits, and without waiting. */
  const sendNow = (message: HostToWorker): void => {
    batch.add(message);
    batch.flush();
  };
  const open = createOpenInvocations({
    // A loop in the turn behind an activity is not the activity's: where it can be either, the activity is lost.
    toTimeout: ({ follow }) => ({
      kind: follow === undefined || pulse.isBeating() ? "timeout" : "lost",
    }),
    onTimeout: () => pulse.demand(),
  });
  const pulse = createWorkerPulse({
    intervalMs: pulseMs,
    deadAfterMs: options.pingTimeoutMs ?? defaultPingTimeoutMs,
    ping: () => sendNow({ type: "ping" }),
    isBusy: () => open.count() > 0,
    onRecovery: options.onRecovery,
    onDead() {
      log("error", "worker-unresponsive", { pid: child.pid ?? 0 });
      child.kill("SIGKILL");
    },
  });
  let httpPort: number | undefined;

  /** An answer that comes when the worker is gone is not sent. */
  const answer = async ({
    requestId,
    request,
  }: Extract<WorkerToHost, { type: "request" }>): Promise<void> => {
    if (rpc !== undefined)
      batch.add({ type: "answer", requestId, answer: await rpc.ask(request) });
  };

  const receive = (message: WorkerToHost): void => {
    if (message.type === "ready") {
      ({ httpPort } = message);
      // It listens now, and no invocation goes before this.
      if (rpc !== undefined)
        batch.add({ type: "rpc-open", baseUrl: rpc.rpcBaseUrl });
      ready.resolve(message);
    } else if (message.type === "failed")
      ready.reject(new Error(message.message));
    else if (message.type === "result") {
      open.settle(message.invocationId, message.result);
      pulse.heard();
    } else if (message.type === "request") void answer(message);
    else if (message.type === "pong") pulse.answered();
    else logMessage(message, child.pid, log);
  };
  child.on("message", (messages: readonly WorkerToHost[]) => {
    for (const message of messages) receive(message);
  });
  whenEnded(child, (reason) => {
    pulse.end();
    ready.reject(new Error(`the worker process ${reason} while loading`));
    open.loseAll();
    ended.resolve();
  });
  passThrough(child.stdout, "information", log);
  passThrough(child.stderr, "warning", log);

  return {
    pid: child.pid ?? 0,
    ready: ready.promise,
    ended: ended.promise,
    isAvailable: () => child.connected && pulse.isBeating(),
    openCount: open.count,
    invoke(request, timeoutMs, dispatched) {
      if (!child.connected) return Promise.resolve({ kind: "lost" });
      const outcome = open.add(request, timeoutMs);
      batch.add({ type: "invoke", request });
      pulse.watch();
      if (httpPort !== undefined) dispatched?.(httpPort);
      return outcome;
    },
    sendSettings: (values) => sendNow({ type: "settings", values }),
    async terminate(graceMs) {
      sendNow({ type: "terminate" });
      const timer = setTimeout(() => child.kill("SIGKILL"), graceMs);
      await ended.promise;
      clearTimeout(timer);
    },
  };
}

/** A channel that is gone is no error here: the worker's end settles everything that is open. */
function send(child: ChildProcess, messages: readonly HostToWorker[]): void {
  if (child.connected) child.send(messages, () => undefined);
}

/** Calls `end` once, when the process is gone and what it said last has been read. */
function whenEnded(child: ChildProcess, end: (reason: string) => void): void {
  child.on("error", () => {
    if (child.pid === undefined) end("could not be started");
  });
  child.on("exit", (code, signal) => {
    const reason = `ended (${signal ?? code})`;
    // Its last words may still be in the channel, which closes once they are read.
    if (child.connected) child.once("disconnect", () => end(reason));
    else end(reason);
  });
}

function logMessage(
  message: Extract<WorkerToHost, { type: "log" | "crash" }>,
  pid: number | undefined,
  log: HostLog,
): void {
  if (message.type === "log") {
    const { type: _, level, category: __, ...fields } = message;
    log(level, "app-log", fields);
  } else {
    const { type: _, ...fields } = message;
    log("error", "worker-crashed", { pid: pid ?? 0, ...fields });
  }
}

function passThrough(
  stream: Readable | null,
  level: "information" | "warning",
  log: HostLog,
): void {
  if (stream === null) return;
  createInterface({ input: stream }).on("line", (message) =>
    log(level, "app-output", { message }),
  );
}
