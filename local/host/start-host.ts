import { once } from "node:events";
import { existsSync } from "node:fs";
import { join, resolve, sep } from "node:path";
import { fileURLToPath } from "node:url";
import type {
  QueueDefinition,
  TopicDefinition,
} from "../service-bus/queue-definition.ts";
import type { FunctionSummary } from "./function-catalogue.ts";
import { endLeftoverWorkers } from "./end-leftover-workers.ts";
import type { HostKeys } from "./host-keys.ts";
import { createHostLog } from "./host-log.ts";
import type { HostLog, HostLogLine } from "./host-log.ts";
import { readAppSettings } from "./host-settings.ts";
import { HostStartError } from "./host-start-error.ts";
import type { CorsOptions } from "./http/allow-origins.ts";
import { lockHome } from "./lock-home.ts";
import { readHostJson } from "./read-host-json.ts";
import { readSystemKey } from "./read-system-key.ts";
import { removeRuntimeFile, writeRuntimeFile } from "./runtime-file.ts";
import { openFoundation } from "./open-foundation.ts";
import type { Foundation } from "./open-foundation.ts";
import { runStopStep } from "./stop-step.ts";
import type { StopStep } from "./stop-step.ts";
import type { InvocationError } from "./worker-messages.ts";
import { wireApp } from "./wire-app.ts";
import type { WiredApp } from "./wire-app.ts";

export interface HostOptions {
  /** The function app's folder: host.json, package.json, local.settings.json. */
  readonly scriptRoot: string;
  /** Where all state lies; made with mode 0700, used by one host at a time. */
  readonly home: string;
  /** The public HTTP port on 127.0.0.1; 0 for any free one. */
  readonly port: number;
  /** The Service Bus endpoint's port on 127.0.0.1; 0 for any free one. */
  readonly amqpPort: number;
  /** App settings, above process.env and the `Values` of local.settings.json. */
  readonly settings: Readonly<Record<string, string>>;
  /** What the local Service Bus endpoint has. */
  readonly queues: readonly QueueDefinition[];
  readonly topics?: readonly TopicDefinition[];
  readonly log: (line: HostLogLine) => void;
  /** Is told what failed invocations threw, which may hold content and so reaches no log. */
  readonly onFailure?: (error: InvocationError) => void;
  /**
   * App settings that get the local broker's connection string where they are not set, from the worker's first line on.
   * Connection settings that bindings name get it too, but only once the app is loaded.
   */
  readonly serviceBusSettings?: readonly string[];
  /** Pages of other origins that may call the host; none where it is absent. */
  readonly cors?: CorsOptions;
  /** Ends the start while the app, which may never be done with it, is loading. */
  readonly signal?: AbortSignal;
  /** The worker's entry file, where it does not lie beside this one. */
  readonly workerFile?: string;
}

export interface RunningHost {
  readonly httpUrl: string;
  readonly functions: readonly FunctionSummary[];
  /** The worker processes of this moment. */
  readonly workerPids: readonly number[];
  readonly serviceBusConnectionString: string;
  /** Opens the durable management endpoints; their links carry it. */
  readonly systemKey: string;
  /** Opens everything else: `admin` and `function` routes, `/admin`. */
  readonly masterKey: string;
  /** The host's `default` key, which opens `function` routes. */
  readonly functionKey: string;
  /** Stops the triggers, drains what is under way, flushes and closes, in at most 10 s. May be called again. */
  stop(): Promise<void>;
}

/**
 * Starts the Functions host of one app on one machine; it answers once the app is loaded and every trigger is wired.
 * Nothing is started (engine, triggers) before everything that can be refused has been looked at.
 *
 * @throws HostStartError with one line that says what to change.
 */
export async function startHost(options: HostOptions): Promise<RunningHost> {
  const home = resolve(options.home);
  try {
    return await startAt(home, options);
  } catch (error) {
    throw toHomeError(error, home);
  }
}

async function startAt(
  home: string,
  options: HostOptions,
): Promise<RunningHost> {
  const scriptRoot = resolve(options.scriptRoot);
  const log = createHostLog(options.log);
  const hostJson = readHostJson(
    scriptRoot,
    readAppSettings({ ...options, scriptRoot }),
  );
  // Whatever is thrown below, what was opened until then is closed again.
  await using resources = new AsyncDisposableStack();
  resources.defer(lockHome(home));
  const systemKey = readSystemKey(home);
  const workerFile = options.workerFile ?? findWorkerFile();
  endLeftoverWorkers(home, workerFile, log);
  const foundation = await openFoundation(
    {
      ...options,
      home,
      scriptRoot,
      workerFile,
      hostLog: log,
    },
    resources,
  );
  const { supervisor, broker, httpUrl } = foundation;
  const app = wireApp({
    foundation,
    loaded: await Promise.race([
      supervisor.start(),
      ...(options.signal === undefined ? [] : [whenAborted(options.signal)]),
    ]),
    hostJson,
    entities: { queues: options.queues, topics: options.topics ?? [] },
    home,
    systemKey,
    cors: options.cors ?? { origins: "", allowsCredentials: false },
    log,
    onFailure: options.onFailure ?? (() => undefined),
  });
  const { keys } = app;
  app.engine.start();
  foundation.open(app.serve, app.management);
  for (const trigger of app.triggers) trigger.start();
  resources.defer(publishRuntime(foundation, home, { systemKey, keys }));
  log("information", "host-started", {
    pid: process.pid,
    count: app.functions.length,
  });

  const held = resources.move();
  let stopped: Promise<void> | undefined;
  return {
    httpUrl,
    functions: app.functions,
    get workerPids() {
      return supervisor.workerPids();
    },
    serviceBusConnectionString: broker.connectionString,
    systemKey,
    get masterKey() {
      return keys.masterKey;
    },
    get functionKey() {
      return keys.defaultFunctionKey;
    },
    stop() {
      stopped ??= drain(foundation, app, log).then(() => held.disposeAsync());
      return stopped;
    },
  };
}

/** What the system says of a file in the home, such as a full disk, is the operator's to solve. */
function toHomeError(error: unknown, home: string): unknown {
  const { path, code, syscall } = error as NodeJS.ErrnoException;
  // The system does not say which file it was that it could open, but not read or write.
  const file = syscall === "read" || syscall === "write" ? home : path;
  return file === home || file?.startsWith(home + sep) === true
    ? new HostStartError(
        `${file} cannot be read or written (${code}). Look at the disk and at who owns it, or choose another NUCLEUS_HOME.`,
      )
    : error;
}

/** Rejects once the signal is given. */
async function whenAborted(signal: AbortSignal): Promise<never> {
  if (!signal.aborted) await once(signal, "abort");
  throw new HostStartError("The start was ended while the app was loading.");
}

/** Keeps `runtime.json` true to the worker processes and the master key; the returned function takes it away. */
function publishRuntime(
  { httpUrl, broker, supervisor, onWorkersChanged }: Foundation,
  home: string,
  { systemKey, keys }: { readonly systemKey: string; readonly keys: HostKeys },
): () => void {
  const publish = (): void =>
    writeRuntimeFile(home, {
      httpUrl,
      pid: process.pid,
      workerPids: supervisor.workerPids(),
      serviceBusConnectionString: broker.connectionString,
      systemKey,
      masterKey: keys.masterKey,
    });
  publish();
  onWorkersChanged(publish);
  keys.onMasterChanged(publish);
  return () => {
    onWorkersChanged(() => undefined);
    keys.onMasterChanged(() => undefined);
    removeRuntimeFile(home);
  };
}

/** Takes nothing new in and waits, within limits, for what is under way. What is left is run again at the next start. */
async function drain(
  { front }: Foundation,
  { triggers, engine, invoker, outputs }: WiredApp,
  log: HostLog,
): Promise<void> {
  const steps: StopStep[] = [
    {
      name: "triggers",
      withinMs: 4000,
      run: () =>
        Promise.all([
          front.drain(),
          ...triggers.map((trigger) => trigger.stop()),
        ]),
    },
    { name: "durable engine", withinMs: 1500, run: () => engine.drain() },
    { name: "functions", withinMs: 300, run: () => invoker.idle() },
    { name: "outputs", withinMs: 300, run: () => outputs.close() },
  ];
  for (const step of steps) await runStopStep(step, log);
  // An activity that outlasted its step may still answer while the files are closed.
  engine.close();
}

/** `worker.ts` beside the source, `worker.js` beside the bundle. */
function findWorkerFile(): string {
  const folder = fileURLToPath(new URL(".", import.meta.url));
  const found = ["worker.ts", "worker.js"]
    .map((name) => join(folder, name))
    .find((file) => existsSync(file));
  if (found === undefined)
    throw new HostStartError(`The worker's file is missing in ${folder}.`);
  return found;
}
