import { join } from "node:path";
import { startServiceBus } from "../service-bus/start-service-bus.ts";
import type { ServiceBusEndpoint } from "../service-bus/start-service-bus.ts";
import { DatabaseRefused } from "../../shared/storage/open-database.ts";
import { toLogLevel } from "./host-log.ts";
import type { HostLog } from "./host-log.ts";
import { createHostSettings } from "./host-settings.ts";
import { HostStartError } from "./host-start-error.ts";
import { listenHttp, toListenError } from "./http/listen-http.ts";
import type { HttpHandler, HttpListener } from "./http/listen-http.ts";
import { listenRpc } from "./http/listen-rpc.ts";
import type { RpcListener } from "./http/listen-rpc.ts";
import type { Management } from "./http/serve-management.ts";
import { endProcess, openTaskHub } from "./open-task-hub.ts";
import type { TaskHubStore } from "./open-task-hub.ts";
import type { HostOptions } from "./start-host.ts";
import { runStopStep } from "./stop-step.ts";
import { readWorkerCount, workerCountSetting } from "./worker-count.ts";
import { createWorkerSupervisor } from "./worker-supervisor.ts";
import type { WorkerSupervisor } from "./worker-supervisor.ts";

export interface FoundationOptions extends HostOptions {
  readonly workerFile: string;
  readonly hostLog: HostLog;
}

/** What the app stands on: stores, broker, doors, settings and the workers (not yet forked). */
export interface Foundation {
  readonly hub: TaskHubStore;
  readonly broker: ServiceBusEndpoint;
  readonly rpc: RpcListener;
  readonly front: HttpListener;
  readonly httpUrl: string;
  readonly settings: Record<string, string>;
  readonly supervisor: WorkerSupervisor;
  /**
   * Opens the doors: until then the public one answers 503 and the durable client's 404. Only now the other workers are
   * forked, so that they neither slow the start nor miss a setting.
   */
  open(serve: HttpHandler, management: Management): void;
  /** Calls `listener` whenever the worker processes changed. */
  onWorkersChanged(listener: () => void): void;
}

/** Azure's name of the connection that a Service Bus binding uses when it names none. */
const defaultServiceBusSettings = ["AzureWebJobsServiceBus"];

/**
 * Opens everything that does not depend on the app, leaving each thing's end in `resources` (ended in reverse).
 * The public door listens first of all that the app sees, because the app is told its address before it is loaded.
 */
export async function openFoundation(
  options: FoundationOptions,
  resources: AsyncDisposableStack,
): Promise<Foundation> {
  const { scriptRoot, hostLog: log } = options;
  const closing = (
    name: string,
    withinMs: number,
    run: () => Promise<unknown> | void,
  ): void => resources.defer(() => runStopStep({ name, withinMs, run }, log));

  const hub = openHub(options);
  closing("task hub", 1000, () => hub.close());
  const broker = await openBroker(options);
  closing("service bus", 1000, () => broker.close());

  let management: Management | undefined;
  const rpc = await listenRpc(() => management);
  closing("rpc door", 100, () => rpc.close());
  let serve = answerStarting;
  const front = await listenHttp(options.port, "PORT", (request, response) =>
    serve(request, response),
  );
  closing("http door", 100, () => front.close());

  const hostname = `127.0.0.1:${front.port}`;
  const settings = createHostSettings({
    scriptRoot,
    settings: options.settings,
    hostname,
    serviceBusSettings: options.serviceBusSettings ?? defaultServiceBusSettings,
    serviceBusConnectionString: broker.connectionString,
  });
  const count = readWorkerCount(settings);
  let workersChanged = (): void => undefined;
  const supervisor = createWorkerSupervisor({
    workerFile: options.workerFile,
    scriptRoot,
    env: {
      ...settings,
      // What the app shares out among its workers, such as memory, it must be able to divide.
      [workerCountSetting]: String(count),
      // The app's compiled code, kept from start to start; nothing is written outside the home.
      NODE_COMPILE_CACHE: join(options.home, "compile-cache"),
    },
    log,
    rpc,
    count,
    onChange: () => workersChanged(),
  });
  closing("workers", 2000, () => supervisor.stop(1500));
  return {
    hub,
    broker,
    rpc,
    front,
    httpUrl: `http://${hostname}`,
    settings,
    supervisor,
    open(handler, opened) {
      serve = handler;
      management = opened;
      void supervisor.startOthers();
    },
    onWorkersChanged(listener) {
      workersChanged = listener;
    },
  };
}

const answerStarting: HttpHandler = (_, response) => {
  response.writeHead(503, { "retry-after": "1", "content-length": 0 }).end();
  return Promise.resolve();
};

function openHub({ home, hostLog }: FoundationOptions): TaskHubStore {
  try {
    return openTaskHub(join(home, "runtime.db"), hostLog);
  } catch (error) {
    throw toStartError(error);
  }
}

async function openBroker({
  home,
  amqpPort,
  queues,
  topics = [],
  hostLog,
}: FoundationOptions): Promise<ServiceBusEndpoint> {
  try {
    return await startServiceBus({
      file: join(home, "service-bus.db"),
      host: "127.0.0.1",
      port: amqpPort,
      queues,
      topics,
      log: (level, message) =>
        hostLog(toLogLevel(level), "service-bus", { message }),
      onFatal: (error) => endProcess(hostLog, error),
    });
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "EADDRINUSE")
      throw toListenError(
        error as NodeJS.ErrnoException,
        amqpPort,
        "NUCLEUS_AMQP_PORT",
      );
    // Definitions that contradict each other, such as a forward to what does not exist.
    if (error instanceof RangeError) throw new HostStartError(error.message);
    throw toStartError(error);
  }
}

/** A refused database is the operator's to solve; its message already says how. */
function toStartError(error: unknown): unknown {
  return error instanceof DatabaseRefused
    ? new HostStartError(error.message)
    : error;
}
