import { isServiceBusError } from "@azure/service-bus";
import type { ProcessErrorArgs, ServiceBusClient } from "@azure/service-bus";
import { lastAttemptError } from "../../../shared/messages/adapters/last-attempt-error.ts";
import type { CatalogedFunction } from "../function-catalogue.ts";
import type { HostLog } from "../host-log.ts";
import type { Invoker } from "../invoker.ts";
import { holdLock } from "./hold-lock.ts";
import { openServiceBus } from "./open-service-bus.ts";
import type { HostJson } from "../read-host-json.ts";
import { createDrainOneByOne, createSessionPump } from "./receive-sessions.ts";
import {
  createProcessBatch,
  createProcessMessage,
} from "./process-messages.ts";
import type {
  LogError,
  ProcessBatch,
  ProcessMessage,
} from "./process-messages.ts";
import { createBatchPump, createDrainInBatches } from "./receive-batches.ts";
import type { BatchOptions } from "./receive-batches.ts";
import type { MessagePump } from "./receive-sessions.ts";
import type { QueueBinding } from "./read-queue-binding.ts";
import type { Trigger } from "./trigger.ts";

/** host.json's `extensions.serviceBus`; times are milliseconds. */
export type ServiceBusOptions = Pick<
  HostJson["extensions"]["serviceBus"],
  | "autoCompleteMessages"
  | "maxConcurrentCalls"
  | "maxConcurrentSessions"
  | "sessionIdleTimeout"
  | "maxMessageBatchSize"
  | "minMessageBatchSize"
  | "maxBatchWaitTime"
  | "maxAutoLockRenewalDuration"
>;

export interface ServiceBusTriggerDeps {
  readonly invoker: Invoker;
  readonly options: ServiceBusOptions;
  readonly log: HostLog;
}

const longestTimerMs = 2 ** 31 - 1;

/**
 * Receives the messages of a queue or a subscription under peek-lock, session by session where they come in sessions,
 * and runs the function for each: complete after success, else abandon.
 */
export function createServiceBusTrigger(
  called: CatalogedFunction,
  binding: QueueBinding,
  deps: ServiceBusTriggerDeps,
): Trigger {
  const client = openServiceBus(binding);
  const logError: LogError = (operation, thrown) => {
    const error = lastAttemptError(thrown);
    deps.log("warning", "service-bus-error", {
      functionName: called.name,
      queue: binding.queueName,
      outcome: operation,
      errorName: error instanceof Error ? error.name : "Error",
      ...(isServiceBusError(error) ? { errorCode: error.code } : {}),
    });
  };
  const processing = {
    called,
    autoComplete: binding.autoComplete,
    invoker: deps.invoker,
    logError,
  };
  const parts = {
    client,
    binding,
    options: deps.options,
    process: createProcessMessage(processing),
    processBatch: createProcessBatch(processing),
    logError,
  };
  const pump = binding.isSessionsEnabled
    ? openSessionPump(parts)
    : createMessagePump(parts);

  return {
    functionName: called.name,
    async runNow(input) {
      const data = binding.isBatch
        ? { collectionString: { string: [input] } }
        : { string: input };
      await deps.invoker.invoke({ called, data });
    },
    start: () => pump.start(),
    async stop() {
      await pump.stop();
      await client.close();
    },
  };
}

interface PumpParts {
  readonly client: ServiceBusClient;
  readonly binding: QueueBinding;
  readonly options: ServiceBusOptions;
  readonly process: ProcessMessage;
  readonly processBatch: ProcessBatch;
  readonly logError: LogError;
}

/** Receives session by session: several sessions at a time message by message, or one at a time in batches. */
function openSessionPump(parts: PumpParts): MessagePump {
  const { client, binding, options, process, logError } = parts;
  const idle = {
    sessionIdleTimeoutMs: Math.min(options.sessionIdleTimeout, longestTimerMs),
  };
  return createSessionPump({
    client,
    entityPath: binding.queueName,
    logError,
    maxAutoLockRenewalDurationMs: renewalMs(parts),
    ...(binding.isBatch
      ? {
          maxConcurrentSessions: 1,
          drainSession: createDrainInBatches({ ...toBatches(parts), ...idle }),
        }
      : {
          maxConcurrentSessions: options.maxConcurrentSessions,
          drainSession: createDrainOneByOne({ process, ...idle }),
        }),
  });
}

function toBatches({ options, processBatch }: PumpParts): BatchOptions {
  return {
    maxMessageBatchSize: options.maxMessageBatchSize,
    minMessageBatchSize: options.minMessageBatchSize,
    maxBatchWaitTimeMs: options.maxBatchWaitTime,
    process: processBatch,
  };
}

/** Receives the messages of an entity without sessions: several at a time, or in batches. */
function createMessagePump(parts: PumpParts): MessagePump {
  const { client, binding, options, process, logError } = parts;
  const { queueName, subQueueType } = binding;
  const receiver = client.createReceiver(queueName, {
    receiveMode: "peekLock",
    skipParsingBodyAsJson: true,
    maxAutoLockRenewalDurationInMs: binding.autoComplete ? renewalMs(parts) : 0,
    ...(subQueueType === undefined ? {} : { subQueueType }),
  });
  if (binding.isBatch)
    return createBatchPump({ receiver, logError, ...toBatches(parts) });
  const underWay = new Set<Promise<void>>();
  let subscription: { close(): Promise<void> } | undefined;
  return {
    start() {
      subscription = receiver.subscribe(
        {
          processMessage(message) {
            const release = binding.autoComplete
              ? undefined
              : holdLock(receiver, message, {
                  longestMs: renewalMs(parts),
                  logError,
                });
            const processed = process(message, receiver).finally(() => {
              release?.();
              underWay.delete(processed);
            });
            underWay.add(processed);
            return processed;
          },
          processError: ({ errorSource, error }: ProcessErrorArgs) => {
            logError(errorSource, error);
            return Promise.resolve();
          },
        },
        {
          autoCompleteMessages: false,
          maxConcurrentCalls: options.maxConcurrentCalls,
        },
      );
    },
    async stop() {
      await subscription?.close();
      await Promise.allSettled(underWay);
      await receiver.close();
    },
  };
}

/** The extension renews the locks of single messages only. */
function renewalMs({ binding, options }: PumpParts): number {
  return binding.isBatch
    ? 0
    : Math.min(options.maxAutoLockRenewalDuration, longestTimerMs);
}
