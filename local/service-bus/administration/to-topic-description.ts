import { MAX_MESSAGE_BYTES } from "../amqp/amqp-errors.ts";
import type { MessageTopic } from "../message-topic.ts";
import { queueDefaults } from "../queue-definition.ts";
import {
  COUNTS,
  MAX_SIZE_MEGABYTES,
  toCountDetails,
  toTimes,
} from "./to-queue-description.ts";
import { toXmlDuration } from "./to-xml-duration.ts";
import { element, type Xml } from "./xml.ts";

/** What Service Bus says of a topic: its settings, and what waits in the topic itself. */
export function toTopicDescription(topic: MessageTopic): Xml {
  const { definition } = topic;
  const { duplicateDetectionWindowMs } = definition;
  return [
    element(
      "DefaultMessageTimeToLive",
      toXmlDuration(definition.defaultMessageTtlMs),
    ),
    element("MaxSizeInMegabytes", String(MAX_SIZE_MEGABYTES)),
    element(
      "RequiresDuplicateDetection",
      String(duplicateDetectionWindowMs !== undefined),
    ),
    element(
      "DuplicateDetectionHistoryTimeWindow",
      toXmlDuration(
        duplicateDetectionWindowMs ?? queueDefaults.duplicateDetectionWindowMs,
      ),
    ),
    element("EnableBatchedOperations", "true"),
    element("SizeInBytes", String(topic.sizeBytes())),
    element("FilteringMessagesBeforePublishing", "false"),
    element("IsAnonymousAccessible", "false"),
    element("Status", "Active"),
    ...toTimes(topic),
    element("SupportOrdering", "true"),
    element(
      "CountDetails",
      toCountDetails({
        active: 0,
        scheduled: topic.main.lane.counts.scheduled,
        deferred: 0,
        deadLettered: 0,
        transferDeadLettered: 0,
      }),
      COUNTS,
    ),
    element("SubscriptionCount", String(topic.subscriptions.length)),
    element("AutoDeleteOnIdle", toXmlDuration(undefined)),
    element("EnablePartitioning", "false"),
    element("EntityAvailabilityStatus", "Available"),
    element("EnableSubscriptionPartitioning", "false"),
    element("EnableExpress", "false"),
    element("MaxMessageSizeInKilobytes", String(MAX_MESSAGE_BYTES / 1024)),
  ].join("");
}
