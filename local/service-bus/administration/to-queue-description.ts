import { MAX_MESSAGE_BYTES } from "../amqp/amqp-errors.ts";
import type { MessageQueue } from "../message-queue.ts";
import { countMessages, type QueueCounts } from "../queue-counts.ts";
import { queueDefaults } from "../queue-definition.ts";
import { toXmlDuration } from "./to-xml-duration.ts";
import { element, type Xml } from "./xml.ts";

const COUNTS =
  'xmlns:d2p1="http://schemas.microsoft.com/netservices/2011/06/servicebus"';
const MAX_SIZE_MEGABYTES = 1024;

/**
 * What Service Bus says of a queue, in its order of elements: the settings, with its defaults where the queue has none,
 * and what is in it.
 */
export function toQueueDescription(queue: MessageQueue): Xml {
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
    element("RequiresSession", "false"),
    element(
      "DefaultMessageTimeToLive",
      toXmlDuration(definition.defaultMessageTtlMs),
    ),
    element(
      "DeadLetteringOnMessageExpiration",
      String(definition.deadLetteringOnMessageExpiration ?? false),
    ),
    element(
      "DuplicateDetectionHistoryTimeWindow",
      toXmlDuration(settings.duplicateDetectionWindowMs),
    ),
    element("MaxDeliveryCount", String(settings.maxDeliveryCount)),
    element("EnableBatchedOperations", "true"),
    element("SizeInBytes", String(queue.sizeBytes())),
    element("MessageCount", String(inQueue(counts) + counts.deadLettered)),
    element("IsAnonymousAccessible", "false"),
    element("Status", "Active"),
    element("CreatedAt", new Date(queue.createdAt).toISOString()),
    element("UpdatedAt", new Date(queue.openedAt).toISOString()),
    element("AccessedAt", new Date(queue.accessedAt).toISOString()),
    element("SupportOrdering", "true"),
    element("CountDetails", toCountDetails(counts), COUNTS),
    element("AutoDeleteOnIdle", toXmlDuration(undefined)),
    element("EnablePartitioning", "false"),
    element("EntityAvailabilityStatus", "Available"),
    element("EnableExpress", "false"),
    element("MaxMessageSizeInKilobytes", String(MAX_MESSAGE_BYTES / 1024)),
  ].join("");
}

/** Deferred messages count as active ones, because they lie in the queue itself. */
function toCountDetails({
  active,
  deferred,
  deadLettered,
  scheduled,
}: QueueCounts): Xml {
  const count = (kind: string, value: number): Xml =>
    element(`d2p1:${kind}MessageCount`, String(value));
  return [
    count("Active", active + deferred),
    count("DeadLetter", deadLettered),
    count("Scheduled", scheduled),
    count("Transfer", 0),
    count("TransferDeadLetter", 0),
  ].join("");
}

function inQueue({ active, deferred, scheduled }: QueueCounts): number {
  return active + deferred + scheduled;
}
