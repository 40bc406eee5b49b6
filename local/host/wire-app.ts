import { toClientBinding } from "../durable/client-binding.ts";
import { createSystemClock } from "../durable/clock.ts";
import type { Clock } from "../durable/clock.ts";
import { createDurableEngine } from "../durable/engine.ts";
import type { DurableEngine } from "../durable/engine.ts";
import { readEngineConfig } from "../durable/engine-config.ts";
import type { EngineConfig } from "../durable/engine-config.ts";
import { createManagementHandler } from "../durable/management.ts";
import { addLocalConnections } from "./add-local-connections.ts";
import { createTriggers } from "./create-triggers.ts";
import { createWorkerPort } from "./create-worker-port.ts";
import {
  catalogFunctions,
  pickFunctions,
  sortFunctions,
} from "./function-catalogue.ts";
import type {
  CatalogedFunction,
  FunctionSummary,
  SortedFunctions,
} from "./function-catalogue.ts";
import { toLogLevel } from "./host-log.ts";
import type { HostLog } from "./host-log.ts";
import { readHubName } from "./host-settings.ts";
import { HostStartError } from "./host-start-error.ts";
import type { HostKeys } from "./host-keys.ts";
import type { CorsOptions } from "./http/allow-origins.ts";
import type { HttpHandler } from "./http/listen-http.ts";
import type { Management } from "./http/serve-management.ts";
import { createInvoker } from "./invoker.ts";
import type { Invoker } from "./invoker.ts";
import type { Foundation } from "./open-foundation.ts";
import type { HostJson } from "./read-host-json.ts";
import { toLocalEntities } from "./local-entities.ts";
import type { ServiceBusEntities } from "./read-service-bus-config.ts";
import type { Settings } from "./resolve-setting.ts";
import { createOutputs } from "./outputs/create-outputs.ts";
import type { Outputs } from "./outputs/create-outputs.ts";
import { toTimeSpan } from "./time-span.ts";
import type { Trigger } from "./triggers/trigger.ts";
import { wireHttp } from "./wire-http.ts";
import type { InvocationError, LoadedApp } from "./worker-messages.ts";

export interface WireAppOptions {
  readonly foundation: Foundation;
  /** What the worker reported. */
  readonly loaded: LoadedApp;
  readonly hostJson: HostJson;
  readonly entities: ServiceBusEntities;
  readonly home: string;
  readonly systemKey: string;
  readonly cors: CorsOptions;
  readonly log: HostLog;
  readonly onFailure: (error: InvocationError) => void;
  /** Of durable timers and timer triggers; the machine's where it is absent. */
  readonly clock?: Clock;
}

/** The app with all its triggers, looked at and not yet started. */
export interface WiredApp {
  readonly functions: readonly FunctionSummary[];
  readonly engine: DurableEngine;
  readonly management: Management;
  readonly invoker: Invoker;
  readonly triggers: readonly Trigger[];
  readonly serve: HttpHandler;
  readonly keys: HostKeys;
  readonly outputs: Outputs;
}

/** Connects the registered functions to what calls them. @throws HostStartError for what this host cannot do. */
export function wireApp(options: WireAppOptions): WiredApp {
  const { foundation, hostJson, systemKey, log } = options;
  const { hub, settings, supervisor, httpUrl } = foundation;
  const functions = catalogFunctions(
    pickFunctions(options.loaded.functions, hostJson.functions, log),
    settings,
  );
  const sorted = sortFunctions(functions, settings);
  const hubName = readHubName(hostJson, settings);
  const clock = options.clock ?? createSystemClock();
  const clientBinding = toClientBinding({
    origin: httpUrl,
    rpcBaseUrl: foundation.rpc.rpcBaseUrl,
    hubName,
    systemKey,
  });
  const local = {
    settings,
    localBroker: foundation.broker.connectionString,
    localEntities: toLocalEntities(options.entities),
    addSettings: supervisor.addSettings,
  };
  addLocalConnections(
    functions.flatMap(({ metadata }) => Object.values(metadata.bindings)),
    local,
  );
  const outputs = createOutputs(functions, local);
  const invoker = createInvoker({
    run: supervisor.invoke,
    outputs,
    functionTimeoutMs: hostJson.functionTimeout,
    clientBinding,
    log,
    onFailure: options.onFailure,
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
    log,
    ...local,
  });
  const { serve, summaries, keys } = wireHttp(options, {
    functions,
    hubName,
    management,
    invoker,
    triggers,
  });
  return {
    functions: summaries,
    engine,
    management,
    invoker,
    triggers,
    serve,
    keys,
    outputs,
  };
}

function createEngine(
  { foundation: { hub, settings }, hostJson, log }: WireAppOptions,
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
    config: toEngineConfig(hostJson, hubName, settings),
    log: (level, message) => log(toLogLevel(level), "durable", { message }),
  });
}

function toEngineConfig(
  { extensions: { durableTask } }: HostJson,
  hubName: string,
  settings: Settings,
): EngineConfig {
  const config = readEngineConfig(durableTask, {
    hubName,
    mode: settings["NUCLEUS_DURABLE_MODE"],
  });
  if ("malformed" in config) throw new HostStartError(config.malformed);
  return config;
}
