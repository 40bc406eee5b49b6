import { subscriptionPath } from "../../service-bus/queue-definition.ts";
import type { CatalogedFunction } from "../function-catalogue.ts";
import { HostStartError } from "../host-start-error.ts";
import { readText } from "../read-text.ts";
import { findConnection, resolveSetting } from "../resolve-setting.ts";
import type { ConnectionSettings, Settings } from "../resolve-setting.ts";

export type QueueBinding = ConnectionSettings & {
  /** The queue, or the subscription as `topic/Subscriptions/name`. */
  readonly queueName: string;
  readonly subQueueType: "deadLetter" | undefined;
  readonly isSessionsEnabled: boolean;
  /** Whether the function gets many messages at once (`cardinality` "many"). */
  readonly isBatch: boolean;
  readonly autoComplete: boolean;
};

const deadLetterSuffix = /\/\$deadletterqueue$/i;

/**
 * What a queue trigger's binding means.
 *
 * @throws HostStartError for a connection that is not set.
 */
export function readQueueBinding(
  { name, trigger }: CatalogedFunction,
  settings: Settings,
  autoCompleteMessages: boolean,
): QueueBinding {
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
    isBatch: trigger["cardinality"] === "many",
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
