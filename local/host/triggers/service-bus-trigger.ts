import { isServiceBusError, RetryMode } from "@azure/service-bus";
import type {
  ProcessErrorArgs,
  ServiceBusClient,
  ServiceBusReceivedMessage,
  ServiceBusReceiver,
} from "@azure/service-bus";
import { lastAttemptError } from "../../../shared/messages/adapters/last-attempt-error.ts";
import { openMessageClient } from "../../../shared/messages/adapters/service-bus-connection.ts";
import type { CatalogedFunction } from "../function-catalogue.ts";
import type { HostLog } from "../host-log.ts";
import { HostStartError } from "../host-start-error.ts";
import type { Invoker } from "../invoker.ts";
import { findConnection, resolveSetting } from "../resolve-setting.ts";
import type { ConnectionSettings, Settings } from "../resolve-setting.ts";
import { parseTraceparent } from "../trace-context.ts";
import { toServiceBusConnection } from "./to-service-bus-connection.ts";
import {
  toServiceBusBody,
  toServiceBusMetadata,
} from "./to-service-bus-metadata.ts";
import { readText } from "../read-text.ts";
import type { Trigger } from "./trigger.ts";

export type QueueBinding = ConnectionSettings & {
  readonly queueName: string;
  readonly subQueueType: "deadLetter" | undefined;
  readonly autoComplete: boolean;
};

export interface ServiceBusTriggerDeps {
  readonly invoker: Invoker;
  readonly options: {
    readonly autoCompleteMessages: boolean;
    readonly maxConcurrentCalls: number;
    readonly maxAutoLockRenewalDuration: number;
  };
  readonly log: HostLog;
}

/** The Service Bus extension's own: what is wrong for longer is logged after seconds, and tried again for ever. */
const retryOptions = {
  mode: RetryMode.Exponential,
  maxRetries: 3,
  retryDelayInMs: 800,
  maxRetryDelayInMs: 60_000,
};
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
  if (trigger["topicName"] !== undefined) refuse("topics");
  if (trigger["isSessionsEnabled"] === true) refuse("sessions");
  if (trigger["cardinality"] === "many") refuse("batches (cardinality many)");
  const usedBy = `The queue of function "${name}"`;
  const path = resolveSetting(
    readText(trigger, "queueName") ?? "",
    settings,
    usedBy,
  );
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
    autoComplete: typeof auto === "boolean" ? auto : autoCompleteMessages,
  };
}

/** The app setting, or group of settings, that a Service Bus binding takes its connection from. */
export function readConnectionName(connection: unknown): string {
  return typeof connection === "string" && connection !== ""
    ? connection
    : "ServiceBus";
}

/** Receives a queue's messages under peek-lock and runs the function for each: complete after success, else abandon. */
export function createServiceBusTrigger(
  called: CatalogedFunction,
  binding: QueueBinding,
  deps: ServiceBusTriggerDeps,
): Trigger {
  const client = openMessageClient(toServiceBusConnection(binding), {
    retryOptions,
  });
  const receiver = createReceiver(client, binding, deps.options);
  const underWay = new Set<Promise<void>>();
  let subscription: { close(): Promise<void> } | undefined;

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
  const processMessage = createProcessMessage(
    called,
    binding,
    receiver,
    deps.invoker,
    logError,
  );

  return {
    start() {
      subscription = receiver.subscribe(
        {
          processMessage(message) {
            const processed = processMessage(message).finally(() =>
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
          maxConcurrentCalls: deps.options.maxConcurrentCalls,
        },
      );
    },
    async stop() {
      await subscription?.close();
      await Promise.allSettled(underWay);
      await receiver.close();
      await client.close();
    },
  };
}

type LogError = (operation: string, error: unknown) => void;

function createReceiver(
  client: ServiceBusClient,
  { queueName, subQueueType }: QueueBinding,
  options: ServiceBusTriggerDeps["options"],
): ServiceBusReceiver {
  return client.createReceiver(queueName, {
    receiveMode: "peekLock",
    skipParsingBodyAsJson: true,
    maxAutoLockRenewalDurationInMs: Math.min(
      options.maxAutoLockRenewalDuration,
      longestTimerMs,
    ),
    ...(subQueueType === undefined ? {} : { subQueueType }),
  });
}

/** Runs the function for one message and settles it; never rejects. */
function createProcessMessage(
  called: CatalogedFunction,
  binding: QueueBinding,
  receiver: ServiceBusReceiver,
  invoker: Invoker,
  logError: LogError,
): (message: ServiceBusReceivedMessage) => Promise<void> {
  return async (message) => {
    const outcome = await invoker.invoke({
      called,
      data: toServiceBusBody(message, called.trigger["dataType"]),
      triggerMetadata: toServiceBusMetadata(message),
      traceparent: readTraceparent(message),
    });
    try {
      if (outcome.kind !== "completed") await receiver.abandonMessage(message);
      else if (binding.autoComplete) await receiver.completeMessage(message);
    } catch (error) {
      // The lock is lost or the connection is gone: the broker delivers the message again.
      logError("settle", error);
    }
  };
}

/** The W3C context that a sender put on the message: its own `traceparent`, or the client library's `Diagnostic-Id`. */
function readTraceparent({
  applicationProperties,
}: ServiceBusReceivedMessage): string | undefined {
  return parseTraceparent(
    applicationProperties?.["traceparent"] ??
      applicationProperties?.["Diagnostic-Id"],
  );
}
