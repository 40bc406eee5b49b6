import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import type { DatabaseSync } from "node:sqlite";
import { openDatabase } from "../../shared/storage/open-database.ts";
import type { Clock } from "../durable/clock.ts";
import { taskHubApplicationId, taskHubMigrations } from "../durable/schema.ts";
import type { HostLog } from "../host/host-log.ts";
import { createHostSettings } from "../host/host-settings.ts";
import { listenHttp, type HttpHandler } from "../host/http/listen-http.ts";
import { listenRpc } from "../host/http/listen-rpc.ts";
import type { Management } from "../host/http/serve-management.ts";
import type { Foundation } from "../host/open-foundation.ts";
import { createWorkerSupervisor } from "../host/worker-supervisor.ts";
import type { WorkerSupervisor } from "../host/worker-supervisor.ts";
import type {
  QueueDefinition,
  TopicDefinition,
} from "../service-bus/queue-definition.ts";
import {
  startServiceBus,
  type ServiceBusEndpoint,
} from "../service-bus/start-service-bus.ts";
import { applySettings } from "./apply-settings.ts";
import type { TestApp } from "./test-app.ts";

export interface TestFoundationOptions {
  readonly scriptRoot: string | undefined;
  readonly hostJson: object;
  readonly settings: Readonly<Record<string, string>>;
  readonly queues: readonly QueueDefinition[];
  readonly topics: readonly TopicDefinition[];
  readonly clock: Clock;
  /** Loads the app into this process; absent where worker processes do it. */
  readonly load: (() => Promise<TestApp>) | undefined;
  readonly workerProcesses: number;
  readonly log: HostLog;
}

/** What outlives the deaths of the host in one test: the stores, the doors, the broker and the workers. */
export interface TestFoundation extends Omit<Foundation, "hub"> {
  readonly database: DatabaseSync;
  readonly home: string;
  readonly scriptRoot: string;
}

/** Opens it all, leaving each thing's end in `resources`. State is in memory, keys and host.json in a temporary folder. */
export async function openTestFoundation(
  options: TestFoundationOptions,
  resources: AsyncDisposableStack,
): Promise<TestFoundation> {
  const home = mkdtempSync(join(tmpdir(), "nucleus-test-host-"));
  resources.defer(() => rmSync(home, { recursive: true, force: true }));
  const scriptRoot = options.scriptRoot ?? writeScriptRoot(home, options);
  const database = openDatabase({
    file: ":memory:",
    applicationId: taskHubApplicationId,
    migrations: taskHubMigrations,
  });
  resources.defer(() => database.close());
  const broker = await openBroker(options, resources);

  let serve = answerStarting;
  let management: Management | undefined;
  const rpc = await listenRpc(() => management);
  resources.defer(() => rpc.close());
  const front = await listenHttp(0, "PORT", (...exchange) =>
    serve(...exchange),
  );
  resources.defer(() => front.close());
  const hostname = `127.0.0.1:${front.port}`;
  const settings = createHostSettings({
    scriptRoot,
    settings: options.settings,
    hostname,
    serviceBusSettings: ["AzureWebJobsServiceBus"],
    serviceBusConnectionString: broker.connectionString,
  });
  let workersChanged = (): void => undefined;
  // The workers outlive the hosts, which open one after the other.
  let others: Promise<void> | undefined;
  const supervisor = createSupervisor(
    { ...options, scriptRoot, settings, onChange: () => workersChanged() },
    resources,
  );
  return {
    database,
    home,
    scriptRoot,
    broker,
    rpc,
    front,
    httpUrl: `http://${hostname}`,
    settings,
    supervisor,
    open(handler, opened) {
      serve = handler;
      management = opened;
      others ??= supervisor.startOthers();
    },
    onWorkersChanged(listener) {
      workersChanged = listener;
    },
  };
}

const answerStarting: HttpHandler = (_, response) => {
  response.writeHead(503, { "content-length": 0 }).end();
  return Promise.resolve();
};

function writeScriptRoot(
  home: string,
  { hostJson }: TestFoundationOptions,
): string {
  const scriptRoot = join(home, "app");
  mkdirSync(scriptRoot);
  writeFileSync(
    join(scriptRoot, "host.json"),
    JSON.stringify({ version: "2.0", ...hostJson }),
  );
  return scriptRoot;
}

/** The endpoint costs a port and a store: it is there for those who have queues. */
async function openBroker(
  { queues, topics, clock, log }: TestFoundationOptions,
  resources: AsyncDisposableStack,
): Promise<ServiceBusEndpoint> {
  if (queues.length + topics.length === 0) return noBroker;
  const broker = await startServiceBus({
    file: ":memory:",
    host: "127.0.0.1",
    port: 0,
    queues,
    topics,
    clock,
    log: (_, message) => log("debug", "service-bus", { message }),
  });
  resources.defer(() => broker.close());
  return broker;
}

const noBroker: ServiceBusEndpoint = {
  port: 0,
  connectionString:
    "Endpoint=sb://127.0.0.1:1;SharedAccessKeyName=none;SharedAccessKey=none;UseDevelopmentEmulator=true",
  counts(queue) {
    throw new RangeError(`No queue ${queue}: give it in "queues".`);
  },
  close: () => Promise.resolve(),
};

interface SupervisorOptions extends TestFoundationOptions {
  readonly scriptRoot: string;
  readonly settings: Record<string, string>;
  readonly onChange: () => void;
}

function createSupervisor(
  options: SupervisorOptions,
  resources: AsyncDisposableStack,
): WorkerSupervisor {
  const { load, log, scriptRoot, settings, workerProcesses } = options;
  if (load !== undefined) {
    const applied = applySettings(settings);
    resources.defer(applied.restore);
    return createLocalSupervisor(load, applied.add);
  }
  const supervisor = createWorkerSupervisor({
    workerFile: findWorkerFile(),
    scriptRoot,
    env: settings,
    log,
    count: workerProcesses,
    onChange: options.onChange,
  });
  resources.defer(() => supervisor.stop(1000));
  return supervisor;
}

/** The app in this process, behind the interface of worker processes. */
function createLocalSupervisor(
  load: () => Promise<TestApp>,
  addSettings: WorkerSupervisor["addSettings"],
): WorkerSupervisor {
  const loaded = Promise.withResolvers<TestApp>();
  return {
    async start() {
      const app = await load();
      const { httpPort } = await app.start();
      loaded.resolve(app);
      return {
        functions: app.functions,
        ...(httpPort !== undefined && { httpPort }),
      };
    },
    startOthers: () => Promise.resolve(),
    async invoke(request, _timeoutMs, dispatched) {
      const app = await loaded.promise;
      const { httpPort } = await app.start();
      if (httpPort !== undefined) dispatched?.(httpPort);
      return app.invoke(request);
    },
    addSettings,
    workerPids: () => [process.pid],
    stop: () => Promise.resolve(),
  };
}

/** Beside the sources, or beside the bundles. */
function findWorkerFile(): string {
  const isSource = import.meta.filename.endsWith(".ts");
  return fileURLToPath(
    new URL(
      isSource ? "../host/worker.ts" : "../host/worker.js",
      import.meta.url,
    ),
  );
}
