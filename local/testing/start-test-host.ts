import type { DatabaseSync } from "node:sqlite";
import {
  createSystemClock,
  createVirtualClock,
  type Clock,
} from "../durable/clock.ts";
import type { HistoryEvent } from "../durable/history-event.ts";
import { createHostLog, type HostLogLine } from "../host/host-log.ts";
import { readAppSettings } from "../host/host-settings.ts";
import { readHostJson } from "../host/read-host-json.ts";
import type { InvocationError } from "../host/worker-messages.ts";
import type {
  QueueDefinition,
  TopicDefinition,
} from "../service-bus/queue-definition.ts";
import { createChaos, type ChaosEvent, type ChaosPlan } from "./chaos.ts";
import { startHostLife, systemKey } from "./host-life.ts";
import { createLives } from "./host-lives.ts";
import { openTestFoundation } from "./open-test-foundation.ts";
import { createTime } from "./pass-time.ts";
import { readTriggeredPaths } from "./read-triggered-paths.ts";
import { toHistory, type Recording } from "./recording.ts";
import { replayHistory } from "./replay-history.ts";
import { settle } from "./settle.ts";
import { importTestApp, loadTestApp, type TestApp } from "./test-app.ts";
import {
  createTestClient,
  isFinished,
  type InstanceStatus,
  type TestClient,
} from "./test-client.ts";
import { toMilliseconds, type Duration } from "./to-milliseconds.ts";

/** Where the app comes from: one of `app`, `register` and `scriptRoot`. */
export interface TestHostOptions {
  /** An app that is loaded already. */
  readonly app?: TestApp;
  /** Registers the app's functions, itself or by importing the module that does. */
  readonly register?: () => unknown;
  /** The folder of a built app; its host.json and local.settings.json count too. */
  readonly scriptRoot?: string;
  /** With a `scriptRoot`: runs the app in as many worker processes. Default: in this process. */
  readonly workerProcesses?: number;
  /** `virtual` (default): time stands still until the test moves it. `system`: the machine's. */
  readonly clock?: "virtual" | "system";
  /** Where virtual time begins. Default 2026-01-01T00:00:00Z. */
  readonly startAt?: Date;
  readonly chaos?: ChaosPlan;
  /** Runs every orchestrator turn twice, and fails the test where both differ. Default true. */
  readonly checksReplay?: boolean;
  /** host.json beside `register` and `app`. */
  readonly hostJson?: object;
  readonly settings?: Readonly<Record<string, string>>;
  /** What the Service Bus endpoint has; there is one where there are any. */
  readonly queues?: readonly QueueDefinition[];
  readonly topics?: readonly TopicDefinition[];
}

/** A Functions host of one test. It ends with `await using`, or with `close`. */
export interface TestHost extends AsyncDisposable {
  readonly client: TestClient;
  /** The doors, for tests that speak HTTP or AMQP. */
  readonly httpUrl: string;
  readonly serviceBusConnectionString: string;
  /** Open `function` routes, and everything. */
  readonly functionKey: string;
  readonly masterKey: string;
  readonly systemKey: string;
  /** The processes that run the app at this moment: this one, or the worker processes. */
  workerPids(): readonly number[];
  /** What the host logged, and what functions threw. */
  readonly logs: readonly HostLogLine[];
  readonly failures: readonly InvocationError[];
  /** What went wrong on purpose; `report()` is one line that says how to repeat it. */
  readonly chaos: {
    readonly seed: number;
    readonly events: readonly ChaosEvent[];
    report(): string;
  };
  /** The task hub, for what has no door. */
  readonly database: DatabaseSync;
  now(): Date;
  /** Calls an HTTP function by its path (`/api/orders?id=7`); a key is sent along. */
  fetch(path: string, init?: RequestInit): Promise<Response>;
  /** Runs until nothing happens any more without time passing. @throws Error where an orchestrator is not deterministic. */
  settle(): Promise<void>;
  /** Lets time pass, from timer to timer. */
  advance(duration: Duration): Promise<void>;
  /** Lets time pass until that instant. */
  advanceTo(instant: Date): Promise<void>;
  /**
   * Lets time pass until the instance has finished.
   *
   * @param within - how much time may pass. Default 30 days
   * @throws Error where it has not finished by then, or waits for nothing that time brings.
   */
  waitFor(
    instanceId: string,
    options?: { readonly within?: Duration },
  ): Promise<InstanceStatus>;
  /** The recorded events of the instance's present execution. */
  history(instanceId: string): readonly HistoryEvent[];
  /** Records what the instance went through, to be replayed by later code. The app runs in this process. */
  record(instanceId: string): Promise<Recording>;
  /** The host is killed as by `kill -9`, and started again on what is on disk. */
  restart(): Promise<void>;
  close(): Promise<void>;
}

/**
 * Starts a real host in this process: its HTTP door on a free port, its durable engine on a task hub in memory, its
 * triggers, its Service Bus endpoint where there are queues; on virtual time.
 *
 * @throws HostStartError for what a host refuses; Error where nothing is registered.
 */
export async function startTestHost(
  options: TestHostOptions,
): Promise<TestHost> {
  await using resources = new AsyncDisposableStack();
  const virtual =
    options.clock === "system"
      ? undefined
      : createVirtualClock((options.startAt ?? defaultStart).getTime());
  const clock: Clock = virtual ?? createSystemClock();
  const chaos = createChaos(options.chaos);
  const load = toLoad(options);
  const logs: HostLogLine[] = [];
  const failures: InvocationError[] = [];
  const different = new Set<string>();
  const { queues = [], topics = [], settings = {} } = options;
  const log = createHostLog((line) => logs.push(line));
  const foundation = await openTestFoundation(
    {
      scriptRoot: options.scriptRoot,
      hostJson: options.hostJson ?? {},
      settings,
      queues,
      topics,
      clock,
      load,
      workerProcesses: options.workerProcesses ?? 1,
      log,
    },
    resources,
  );
  const { scriptRoot, supervisor, broker } = foundation;
  const loaded = await supervisor.start();
  const hostJson = readHostJson(
    scriptRoot,
    readAppSettings({ scriptRoot, settings }),
  );
  const paths = readTriggeredPaths(loaded, foundation.settings);
  const lives = createLives((onDeath) =>
    startHostLife({
      foundation,
      loaded,
      hostJson,
      entities: { queues, topics },
      clock,
      chaos,
      checksReplay: options.checksReplay ?? true,
      log,
      onFailure: (error) => failures.push(error),
      onDifference: (name) => different.add(name),
      onDeath,
    }),
  );
  resources.defer(() => lives.end());

  const settleHost = async (): Promise<void> => {
    await settle({
      life: lives.present,
      openMessages: () =>
        paths.reduce((sum, path) => sum + broker.counts(path).active, 0),
      passDiskTime: () => {
        const next = virtual?.nextAt();
        if (next !== undefined) virtual?.advanceTo(next);
      },
    });
    if (different.size > 0)
      throw new Error(
        `Not deterministic: ${[...different].join(", ")} decided differently when a turn was replayed (${chaos.report()}).`,
      );
  };
  /** Nobody waits for a slow disk without letting its time pass. */
  const passTimeFor = async <T>(answer: Promise<T>): Promise<T> => {
    answer.catch(() => undefined);
    if (chaos.commitLatencyMs > 0) await settleHost();
    return answer;
  };
  const client = createTestClient({
    passTimeFor,
    engine: () => lives.last().wired.engine,
    hostAfter: async (asked) => (await lives.present()).wired.engine !== asked,
  });
  const time = createTime(virtual, settleHost);
  const keys = () => lives.last().wired.keys;
  const history = (instanceId: string): readonly HistoryEvent[] => {
    const { engine } = lives.last().wired;
    const events = engine.client.exportHistory(instanceId);
    if (events === undefined)
      throw new Error(`There is no instance "${instanceId}".`);
    return events;
  };
  const held = resources.move();
  const close = (): Promise<void> => held.disposeAsync();
  return {
    client,
    httpUrl: foundation.httpUrl,
    serviceBusConnectionString: broker.connectionString,
    get functionKey() {
      return keys().defaultFunctionKey;
    },
    get masterKey() {
      return keys().masterKey;
    },
    systemKey,
    workerPids: supervisor.workerPids,
    logs,
    failures,
    chaos,
    database: foundation.database,
    now: () => new Date(clock.now()),
    fetch: (path, init = {}) =>
      passTimeFor(
        fetch(new URL(path, foundation.httpUrl), {
          ...init,
          headers: withKey(init.headers, keys().masterKey),
        }),
      ),
    settle: settleHost,
    advance: (duration) =>
      time.advanceTo(clock.now() + toMilliseconds(duration)),
    advanceTo: (instant) => time.advanceTo(instant.getTime()),
    async waitFor(instanceId, { within = "30d" } = {}) {
      const until = clock.now() + toMilliseconds(within);
      const isDone = () => isFinished(client.status(instanceId));
      await time.passUntil(isDone, until);
      const status = client.status(instanceId);
      if (isFinished(status)) return status;
      throw new Error(
        `Instance "${instanceId}" of "${status.name}" is still ${status.runtimeStatus} at ${new Date(clock.now()).toISOString()} (${chaos.report()}).`,
      );
    },
    history,
    async record(instanceId) {
      if (load === undefined)
        throw new Error("Record an app that runs in this process.");
      const recorded = toHistory(instanceId, history(instanceId));
      const app = await load();
      return { ...recorded, actions: await replayHistory(app, recorded) };
    },
    restart: lives.restart,
    close,
    [Symbol.asyncDispose]: close,
  };
}

const defaultStart = new Date("2026-01-01T00:00:00.000Z");

function toLoad({
  app,
  register,
  scriptRoot,
  workerProcesses,
}: TestHostOptions): (() => Promise<TestApp>) | undefined {
  if (app !== undefined) return () => Promise.resolve(app);
  if (register !== undefined) {
    let imported: Promise<TestApp> | undefined;
    return () => (imported ??= importTestApp(register));
  }
  if (scriptRoot === undefined)
    throw new TypeError('One of "app", "register" and "scriptRoot" is needed.');
  return workerProcesses === undefined
    ? () => loadTestApp(scriptRoot)
    : undefined;
}

/** The caller's own key goes before. */
function withKey(given: RequestInit["headers"], key: string): Headers {
  const headers = new Headers(given);
  if (!headers.has("x-functions-key")) headers.set("x-functions-key", key);
  return headers;
}
