import {
  createSystemClock,
  createVirtualClock,
  type Clock,
  type VirtualClock,
} from "../durable/clock.ts";
import type { HistoryEvent } from "../durable/history-event.ts";
import { createHostLog, type HostLogLine } from "../host/host-log.ts";
import { readAppSettings } from "../host/host-settings.ts";
import { readHostJson, type HostJson } from "../host/read-host-json.ts";
import type { InvocationError } from "../host/worker-messages.ts";
import { createChaos, type Chaos } from "./chaos.ts";
import { startHostLife, systemKey } from "./host-life.ts";
import { createLives, type Lives } from "./host-lives.ts";
import {
  openTestFoundation,
  type TestFoundation,
} from "./open-test-foundation.ts";
import { createTime } from "./pass-time.ts";
import { readTriggeredPaths } from "./read-triggered-paths.ts";
import { toHistory } from "./recording.ts";
import { replayHistory } from "./replay-history.ts";
import { settle } from "./settle.ts";
import type { TestApp } from "./test-app.ts";
import { createTestClient, isFinished } from "./test-client.ts";
import type { TestHost, TestHostOptions } from "./test-host.ts";
import { createTestWorkerPort } from "./test-worker-port.ts";
import { toLoad } from "./to-load.ts";
import { toMilliseconds } from "./to-milliseconds.ts";

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
  const read = readHostJson(
    scriptRoot,
    readAppSettings({ scriptRoot, settings }),
  );
  const hostJson = virtual === undefined ? read : withoutRenewal(read);
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

  const held = resources.move();
  return createTestHost({
    foundation,
    lives,
    clock,
    virtual,
    chaos,
    load,
    different,
    logs,
    failures,
    openMessages: () =>
      paths.reduce((sum, path) => sum + broker.counts(path).active, 0),
    close: () => held.disposeAsync(),
  });
}

interface TestHostParts {
  readonly foundation: TestFoundation;
  readonly lives: Lives;
  readonly clock: Clock;
  readonly virtual: VirtualClock | undefined;
  readonly chaos: Chaos;
  readonly load: (() => Promise<TestApp>) | undefined;
  /** Orchestrators that decided differently when a turn was replayed. */
  readonly different: ReadonlySet<string>;
  readonly logs: readonly HostLogLine[];
  readonly failures: readonly InvocationError[];
  readonly openMessages: () => number;
  readonly close: () => Promise<void>;
}

function createTestHost(parts: TestHostParts): TestHost {
  const { foundation, lives, clock, virtual, chaos, load } = parts;
  const settleHost = createSettle(parts);
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
  return {
    client,
    httpUrl: foundation.httpUrl,
    serviceBusConnectionString: foundation.broker.connectionString,
    get functionKey() {
      return keys().defaultFunctionKey;
    },
    get masterKey() {
      return keys().masterKey;
    },
    systemKey,
    workerPids: foundation.supervisor.workerPids,
    logs: parts.logs,
    failures: parts.failures,
    chaos,
    database: foundation.database,
    now: () => new Date(clock.now()),
    fetch: async (path, init = {}) =>
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
      const why =
        virtual?.nextAt() === undefined && virtual !== undefined
          ? "no timer is left that could move it"
          : `it was given ${typeof within === "number" ? `${within}ms` : within}`;
      throw new Error(
        `Instance "${instanceId}" of "${status.name}" is still ${status.runtimeStatus} at ${new Date(clock.now()).toISOString()}: ${why} (${chaos.report()}).`,
      );
    },
    history,
    async record(instanceId) {
      if (load === undefined)
        throw new Error("Record an app that runs in this process.");
      const recorded = toHistory(instanceId, history(instanceId));
      const app = await load();
      const worker = createTestWorkerPort(app);
      return { ...recorded, actions: await replayHistory(worker, recorded) };
    },
    restart: lives.restart,
    close: parts.close,
    [Symbol.asyncDispose]: parts.close,
  };
}

/** Runs until nothing happens any more without time passing. @throws Error where a turn did not repeat itself */
function createSettle({
  lives,
  virtual,
  chaos,
  different,
  openMessages,
}: TestHostParts): () => Promise<void> {
  return async () => {
    await settle({
      life: lives.present,
      openMessages,
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
}

/** The client library renews locks by the machine's time: one that virtual time has long ended, without a pause. */
function withoutRenewal({ extensions, ...rest }: HostJson): HostJson {
  const serviceBus = {
    ...extensions.serviceBus,
    maxAutoLockRenewalDuration: 0,
  };
  return { ...rest, extensions: { ...extensions, serviceBus } };
}

const defaultStart = new Date("2026-01-01T00:00:00.000Z");

/** The caller's own key goes before. */
function withKey(given: RequestInit["headers"], key: string): Headers {
  const headers = new Headers(given);
  if (!headers.has("x-functions-key")) headers.set("x-functions-key", key);
  return headers;
}
