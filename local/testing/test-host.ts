import type { DatabaseSync } from "node:sqlite";
import type { HistoryEvent } from "../durable/history-event.ts";
import type { HostLogLine } from "../host/host-log.ts";
import type { InvocationError } from "../host/worker-messages.ts";
import type {
  QueueDefinition,
  TopicDefinition,
} from "../service-bus/queue-definition.ts";
import type { ChaosEvent, ChaosPlan } from "./chaos.ts";
import type { Recording } from "./recording.ts";
import type { TestApp } from "./test-app.ts";
import type { InstanceStatus, TestClient } from "./test-client.ts";
import type { Duration } from "./to-milliseconds.ts";

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
