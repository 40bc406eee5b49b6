import { MAX_MESSAGE_BYTES } from "../amqp/amqp-errors.ts";
import type { MessageQueue } from "../message-queue.ts";
import { countMessages, type QueueCounts } from "../queue-counts.ts";
import { queueDefaults } from "../queue-definition.ts";
import { toXmlDuration } from "./to-xml-duration.ts";
import { element, escapeXml, type Xml } from "./xml.ts";

export const COUNTS =
  'xmlns:d2p1="http://schemas.microsoft.com/netservices/2011/06/servicebus"';
export const MAX_SIZE_MEGABYTES = 1024;

/**
 * What Service Bus says of a queue, in its order of elements: the settings, with its defaults where the queue has none,
 * and what is in it.
 */
export function toQueueDescription(queue: MessageQueue, url: URL): Xml {
  const { definition } = queue;
  const settings = { ...queueDefaults, ...definition };
  const counts = countMessages(queue);
  return [
    element("LockDuration", toXmlDuration(settings.lockDurationMs)),
    element("MaxSizeInMegabytes", String(MAX_SIZE_MEGABYTES)),
    element(
      "RequiresDuplicateDetection",
      String(definition.duplicateDetectionWindowMs !== undefined),
    ),
    ...toReceivingSettings(queue),
    element(
      "DuplicateDetectionHistoryTimeWindow",
      toXmlDuration(settings.duplicateDetectionWindowMs),
    ),
    element("MaxDeliveryCount", String(settings.maxDeliveryCount)),
    element("EnableBatchedOperations", "true"),
    element("SizeInBytes", String(queue.sizeBytes())),
    element("MessageCount", String(totalOf(counts))),
    element("IsAnonymousAccessible", "false"),
    element("Status", "Active"),
    ...toForward("ForwardTo", definition.forwardTo, url),
    ...toTimes(queue),
    element("SupportOrdering", "true"),
    element("CountDetails", toCountDetails(counts), COUNTS),
    element("AutoDeleteOnIdle", toXmlDuration(undefined)),
    element("EnablePartitioning", "false"),
    ...toForward(
      "ForwardDeadLetteredMessagesTo",
      definition.forwardDeadLetteredMessagesTo,
      url,
    ),
    element("EntityAvailabilityStatus", "Available"),
    element("EnableExpress", "false"),
    element("MaxMessageSizeInKilobytes", String(MAX_MESSAGE_BYTES / 1024)),
  ].join("");
}

/** How messages are received and run out of time: the same words for queues and subscriptions. */
export function toReceivingSettings({ definition }: MessageQueue): Xml[] {
  return [
    element("RequiresSession", String(definition.requiresSession ?? false)),
    element(
      "DefaultMessageTimeToLive",
      toXmlDuration(definition.defaultMessageTtlMs),
    ),
    element(
      "DeadLetteringOnMessageExpiration",
      String(definition.deadLetteringOnMessageExpiration ?? false),
    ),
  ];
}

/** When an entity was made, opened and last used. */
export function toTimes(entity: {
  readonly createdAt: number;
  readonly openedAt: number;
  readonly accessedAt: number;
}): Xml[] {
  return [
    element("CreatedAt", new Date(entity.createdAt).toISOString()),
    element("UpdatedAt", new Date(entity.openedAt).toISOString()),
    element("AccessedAt", new Date(entity.accessedAt).toISOString()),
  ];
}

/** Where messages go on to, as a whole address; nothing when they do not. */
export function toForward(
  name: string,
  target: string | undefined,
  { host }: URL,
): Xml[] {
  return target === undefined
    ? []
    : [element(name, escapeXml(`sb://${host}/${target}`))];
}

/** Deferred messages count as active ones, because they lie in the queue itself. */
export function toCountDetails({
  active,
  deferred,
  deadLettered,
  transferDeadLettered,
  scheduled,
}: QueueCounts): Xml {
  const count = (kind: string, value: number): Xml =>
    element(`d2p1:${kind}MessageCount`, String(value));
  return [
    count("Active", active + deferred),
    count("DeadLetter", deadLettered),
    count("Scheduled", scheduled),
    count("Transfer", 0),
    count("TransferDeadLetter", transferDeadLettered),
  ].join("");
}

/** All messages that count against the entity's size. */
export function totalOf(counts: QueueCounts): number {
  return Object.values(counts).reduce((sum, count) => sum + count, 0);
}
