import type { Clock } from "../durable/clock.ts";
import type { QueueDefinition } from "../service-bus/queue-definition.ts";
import type {
  CatalogedFunction,
  SortedFunctions,
} from "./function-catalogue.ts";
import type { HostLog } from "./host-log.ts";
import { HostStartError } from "./host-start-error.ts";
import type { Invoker } from "./invoker.ts";
import type { TaskHubStore } from "./open-task-hub.ts";
import type { HostJson } from "./read-host-json.ts";
import { findConnection } from "./resolve-setting.ts";
import {
  createServiceBusTrigger,
  readConnectionName,
  readQueueBinding,
} from "./triggers/service-bus-trigger.ts";
import { createTimerStore } from "./triggers/timer-store.ts";
import { createTimerTrigger } from "./triggers/timer-trigger.ts";
import type { Trigger } from "./triggers/trigger.ts";

export interface CreateTriggersDeps {
  readonly invoker: Invoker;
  readonly clock: Clock;
  readonly hub: TaskHubStore;
  readonly hostJson: HostJson;
  /** Connection settings that are missing are added. */
  readonly settings: Record<string, string>;
  readonly log: HostLog;
  readonly localBroker: string;
  readonly localQueues: readonly QueueDefinition[];
  /** Tells the worker of settings that were added. */
  readonly addSettings: (values: Readonly<Record<string, string>>) => void;
}

/** The triggers that call functions by themselves: timers and queues. @throws HostStartError for one that cannot work. */
export function createTriggers(
  { timers, queues }: SortedFunctions,
  deps: CreateTriggersDeps,
): Trigger[] {
  const { settings, log, hub } = deps;
  const store = createTimerStore(hub.database, hub.loop);
  addConnections(queues, deps);
  return [
    ...timers.map((called) => createTimerTrigger(called, { ...deps, store })),
    ...queues.map((called) => {
      const options = deps.hostJson.extensions.serviceBus;
      const binding = readQueueBinding(
        called,
        settings,
        options.autoCompleteMessages,
      );
      const isKnown =
        binding.connectionString !== deps.localBroker ||
        deps.localQueues.some(({ name }) => name === binding.queueName);
      if (!isKnown)
        throw new HostStartError(
          `Function "${called.name}": the queue "${binding.queueName}" does not exist on the local Service Bus endpoint.`,
        );
      return createServiceBusTrigger(called, binding, {
        invoker: deps.invoker,
        options,
        log,
      });
    }),
  ];
}

/** Connections that the app names and nobody set lead to the local broker, for the app's own clients too. */
function addConnections(
  queues: readonly CatalogedFunction[],
  { settings, localBroker, addSettings }: CreateTriggersDeps,
): void {
  const added: Record<string, string> = {};
  for (const { trigger } of queues) {
    const name = readConnectionName(trigger["connection"]);
    if (findConnection(name, settings) === undefined) added[name] = localBroker;
  }
  Object.assign(settings, added);
  addSettings(added);
}
