import { availableParallelism } from "node:os";
import { toClientBinding } from "../durable/client-binding.ts";
import { createSystemClock } from "../durable/clock.ts";
import type { Clock } from "../durable/clock.ts";
import { createDurableEngine } from "../durable/engine.ts";
import type { DurableEngine } from "../durable/engine.ts";
import { createManagementHandler } from "../durable/management.ts";
import type { QueueDefinition } from "../service-bus/queue-definition.ts";
import { createTriggers } from "./create-triggers.ts";
import { createWorkerPort } from "./create-worker-port.ts";
import {
  catalogFunctions,
  sortFunctions,
  toSummary,
} from "./function-catalogue.ts";
import type {
  CatalogedFunction,
  FunctionSummary,
  SortedFunctions,
} from "./function-catalogue.ts";
import { toLogLevel } from "./host-log.ts";
import type { HostLog } from "./host-log.ts";
import { readBodyLimit, readHubName } from "./host-settings.ts";
import { createAuthorize } from "./http/authorize.ts";
import type { HttpHandler } from "./http/listen-http.ts";
import { createServeFunctions } from "./http/serve-functions.ts";
import { createServeHost } from "./http/serve-host.ts";
import type { Management } from "./http/serve-management.ts";
import { createInvoker } from "./invoker.ts";
import type { Invoker } from "./invoker.ts";
import type { Foundation } from "./open-foundation.ts";
import type { HostJson } from "./read-host-json.ts";
import { toTimeSpan } from "./time-span.ts";
import type { Trigger } from "./triggers/trigger.ts";
import type { FunctionMetadata } from "./worker-messages.ts";

export interface WireAppOptions {
  readonly foundation: Foundation;
  /** What the worker reported. */
  readonly registered: readonly FunctionMetadata[];
  readonly hostJson: HostJson;
  readonly queues: readonly QueueDefinition[];
  readonly systemKey: string;
  readonly log: HostLog;
}

/** The app with all its triggers, looked at and not yet started. */
export interface WiredApp {
  readonly functions: readonly FunctionSummary[];
  readonly engine: DurableEngine;
  readonly management: Management;
  readonly invoker: Invoker;
  readonly triggers: readonly Trigger[];
  readonly serve: HttpHandler;
}

/** Connects the registered functions to what calls them. @throws HostStartError for what this host cannot do. */
export function wireApp(options: WireAppOptions): WiredApp {
  const { foundation, hostJson, systemKey, log } = options;
  const { hub, settings, supervisor, httpUrl } = foundation;
  const functions = catalogFunctions(options.registered);
  const sorted = sortFunctions(functions, settings);
  const hubName = readHubName(hostJson, settings);
  const clock = createSystemClock();
  const clientBinding = toClientBinding({
    origin: httpUrl,
    rpcBaseUrl: foundation.rpc.rpcBaseUrl,
    hubName,
    systemKey,
  });
  const invoker = createInvoker({
    run: supervisor.invoke,
    functionTimeoutMs: hostJson.functionTimeout,
    clientBinding,
    log,
  });
  const engine = createEngine(options, functions, sorted, {
    clock,
    hubName,
    invoker,
  });
  const management = createManagementHandler({
    engine,
    systemKey,
    hubName,
    baseUrl: () => httpUrl,
  });
  const triggers = createTriggers(sorted, {
    invoker,
    clock,
    hub,
    hostJson,
    settings,
    log,
    localBroker: foundation.broker.connectionString,
    localQueues: options.queues,
    addSettings: supervisor.addSettings,
  });
  const authorize = createAuthorize(systemKey);
  const { http } = hostJson.extensions;
  const summaries = functions.map((called) =>
    toSummary(called, http.routePrefix, settings),
  );
  const serve = createServeHost({
    management,
    authorize,
    functions: summaries,
    workerPids: supervisor.workerPids,
    serveFunctions: createServeFunctions({
      functions: sorted.http,
      routePrefix: http.routePrefix,
      maxOutstandingRequests: http.maxOutstandingRequests,
      customHeaders: http.customHeaders,
      bodyLimitBytes: readBodyLimit(settings),
      invoker,
      authorize,
    }),
  });
  return { functions: summaries, engine, management, invoker, triggers, serve };
}

function createEngine(
  { foundation: { hub }, hostJson, log }: WireAppOptions,
  functions: readonly CatalogedFunction[],
  sorted: SortedFunctions,
  {
    clock,
    hubName,
    invoker,
  }: {
    readonly clock: Clock;
    readonly hubName: string;
    readonly invoker: Invoker;
  },
): DurableEngine {
  return createDurableEngine({
    database: hub.database,
    loop: hub.loop,
    worker: createWorkerPort(
      invoker,
      new Map(functions.map((called) => [called.name, called])),
      toTimeSpan(hostJson.functionTimeout),
    ),
    clock,
    functions: sorted,
    config: toEngineConfig(hostJson, hubName),
    log: (level, message) => log(toLogLevel(level), "durable", { message }),
  });
}

/** Defaults are those of the Durable extension: ten per core. */
function toEngineConfig(
  { extensions: { durableTask } }: HostJson,
  hubName: string,
): Parameters<typeof createDurableEngine>[0]["config"] {
  const perCore = 10 * availableParallelism();
  const { defaultVersion } = durableTask;
  return {
    hubName,
    maxConcurrentActivityFunctions:
      durableTask.maxConcurrentActivityFunctions ?? perCore,
    maxConcurrentOrchestratorFunctions:
      durableTask.maxConcurrentOrchestratorFunctions ?? perCore,
    ...(defaultVersion === undefined ? {} : { defaultVersion }),
  };
}
