import { isServiceBusError } from "@azure/service-bus";
import type { ProcessErrorArgs, ServiceBusClient } from "@azure/service-bus";
import { lastAttemptError } from "../../../shared/messages/adapters/last-attempt-error.ts";
import { subscriptionPath } from "../../service-bus/queue-definition.ts";
import type { CatalogedFunction } from "../function-catalogue.ts";
import type { HostLog } from "../host-log.ts";
import { HostStartError } from "../host-start-error.ts";
import type { Invoker } from "../invoker.ts";
import { findConnection, resolveSetting } from "../resolve-setting.ts";
import type { ConnectionSettings, Settings } from "../resolve-setting.ts";
import { openServiceBus } from "./open-service-bus.ts";
import { readText } from "../read-text.ts";
import { readSessionOptions } from "./read-session-options.ts";
import type { SessionSettings } from "./read-session-options.ts";
import { createSessionPump } from "./receive-sessions.ts";
import {
  createProcessBatch,
  createProcessMessage,
} from "./process-messages.ts";
import type {
  LogError,
  ProcessBatch,
  ProcessMessage,
} from "./process-messages.ts";
import { createBatchPump } from "./receive-batches.ts";
import type { MessagePump } from "./receive-sessions.ts";
import type { Trigger } from "./trigger.ts";

export type QueueBinding = ConnectionSettings & {
  /** The queue, or the subscription as `topic/Subscriptions/name`. */
  readonly queueName: string;
  readonly subQueueType: "deadLetter" | undefined;
  readonly isSessionsEnabled: boolean;
  /** Whether the function gets many messages at once (`cardinality` "many"). */
  readonly isBatch: boolean;
  readonly autoComplete: boolean;
};

export interface ServiceBusTriggerDeps {
  readonly invoker: Invoker;
  readonly options: {
    readonly autoCompleteMessages: boolean;
    readonly maxConcurrentCalls: number;
    readonly maxMessageBatchSize: number;
    readonly maxAutoLockRenewalDuration: number;
  } & SessionSettings;
  readonly log: HostLog;
}

const longestTimerMs = 2 ** 31 - 1;
const deadLetterSuffix = /\/\$deadletterqueue$/i;

/**
 * What a queue trigger's binding means.
 *
 * @throws HostStartError for what this host does not have, and for a connection that is not set.
 */
export function readQueueBinding(
  { name, trigger }: CatalogedFunction,
  settings: Settings,
  autoCompleteMessages: boolean,
): QueueBinding {
  const refuse = (what: string): never => {
    throw new HostStartError(
      `Function "${name}": Service Bus ${what} are not supported by the embedded runtime yet.`,
    );
  };
  const isBatch = trigger["cardinality"] === "many";
  if (isBatch && trigger["isSessionsEnabled"] === true)
    refuse("batches (cardinality many) of sessions");
  const path = readEntityPath(name, trigger, settings);
  const connectionName = readConnectionName(trigger["connection"]);
  const connection = findConnection(connectionName, settings);
  if (connection === undefined)
    throw new HostStartError(
      `Function "${name}": the connection setting "${connectionName}" is not set. Set it to a connection string, or "${connectionName}__fullyQualifiedNamespace" to the namespace's host name.`,
    );
  const auto = trigger["autoCompleteMessages"];
  return {
    ...connection,
    queueName: path.replace(deadLetterSuffix, ""),
    subQueueType: deadLetterSuffix.test(path) ? "deadLetter" : undefined,
    isSessionsEnabled: trigger["isSessionsEnabled"] === true,
    isBatch,
    autoComplete: typeof auto === "boolean" ? auto : autoCompleteMessages,
  };
}

function readEntityPath(
  functionName: string,
  trigger: CatalogedFunction["trigger"],
  settings: Settings,
): string {
  const read = (name: string, what: string): string =>
    resolveSetting(
      readText(trigger, name) ?? "",
      settings,
      `The ${what} of function "${functionName}"`,
    );
  return trigger["topicName"] === undefined
    ? read("queueName", "queue")
    : subscriptionPath(
        read("topicName", "topic"),
        read("subscriptionName", "subscription"),
      );
}

/** The app setting, or group of settings, that a Service Bus binding takes its connection from. */
export function readConnectionName(connection: unknown): string {
  return typeof connection === "string" && connection !== ""
    ? connection
    : "ServiceBus";
}

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
  const process = createProcessMessage(processing);
  const parts = {
    client,
    binding,
    options: deps.options,
    process,
    processBatch: createProcessBatch(processing),
    logError,
  };
  const pump = binding.isSessionsEnabled
    ? createSessionPump({
        client,
        entityPath: binding.queueName,
        ...readSessionOptions(deps.options),
        maxAutoLockRenewalDurationMs: renewalMs(deps.options),
        process,
        logError,
      })
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

/** Receives the messages of an entity without sessions: several at a time, or in batches. */
function createMessagePump(parts: {
  readonly client: ServiceBusClient;
  readonly binding: QueueBinding;
  readonly options: ServiceBusTriggerDeps["options"];
  readonly process: ProcessMessage;
  readonly processBatch: ProcessBatch;
  readonly logError: LogError;
}): MessagePump {
  const { client, binding, options, process, logError } = parts;
  const { queueName, subQueueType } = binding;
  const receiver = client.createReceiver(queueName, {
    receiveMode: "peekLock",
    skipParsingBodyAsJson: true,
    // The extension renews the locks of single messages only.
    maxAutoLockRenewalDurationInMs: binding.isBatch ? 0 : renewalMs(options),
    ...(subQueueType === undefined ? {} : { subQueueType }),
  });
  if (binding.isBatch)
    return createBatchPump({
      receiver,
      maxMessageBatchSize: options.maxMessageBatchSize,
      process: parts.processBatch,
      logError,
    });
  const underWay = new Set<Promise<void>>();
  let subscription: { close(): Promise<void> } | undefined;
  return {
    start() {
      subscription = receiver.subscribe(
        {
          processMessage(message) {
            const processed = process(message, receiver).finally(() =>
              underWay.delete(processed),
            );
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

function renewalMs(options: ServiceBusTriggerDeps["options"]): number {
  return Math.min(options.maxAutoLockRenewalDuration, longestTimerMs);
}
