import type { Clock } from "../durable/clock.ts";
import type { SortedFunctions } from "./function-catalogue.ts";
import type { HostLog } from "./host-log.ts";
import { HostStartError } from "./host-start-error.ts";
import type { Invoker } from "./invoker.ts";
import type { LocalEntities } from "./local-entities.ts";
import type { TaskHubStore } from "./open-task-hub.ts";
import type { HostJson } from "./read-host-json.ts";
import type { Settings } from "./resolve-setting.ts";
import { readQueueBinding } from "./triggers/read-queue-binding.ts";
import { createServiceBusTrigger } from "./triggers/service-bus-trigger.ts";
import { createTimerStore } from "./triggers/timer-store.ts";
import { createTimerTrigger } from "./triggers/timer-trigger.ts";
import type { Trigger } from "./triggers/trigger.ts";

export interface CreateTriggersDeps {
  readonly invoker: Invoker;
  readonly clock: Clock;
  readonly hub: TaskHubStore;
  readonly hostJson: HostJson;
  readonly settings: Settings;
  readonly log: HostLog;
  readonly localBroker: string;
  readonly localEntities: LocalEntities;
}

/** The triggers that call functions by themselves: timers and queues. @throws HostStartError for one that cannot work. */
export function createTriggers(
  { timers, queues }: SortedFunctions,
  deps: CreateTriggersDeps,
): Trigger[] {
  const { settings, log, hub } = deps;
  const store = createTimerStore(hub.database, hub.loop);
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
        deps.localEntities.receivesAt(binding.queueName);
      if (!isKnown)
        throw new HostStartError(
          `Function "${called.name}": "${binding.queueName}" does not exist on the local Service Bus endpoint.`,
        );
      return createServiceBusTrigger(called, binding, {
        invoker: deps.invoker,
        options,
        log,
      });
    }),
  ];
}
