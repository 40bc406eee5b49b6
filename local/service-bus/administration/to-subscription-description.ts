import type { Subscription } from "../message-topic.ts";
import { countMessages } from "../queue-counts.ts";
import { queueDefaults } from "../queue-definition.ts";
import {
  COUNTS,
  toCountDetails,
  toForward,
  toReceivingSettings,
  totalOf,
  toTimes,
} from "./to-queue-description.ts";
import { toXmlDuration } from "./to-xml-duration.ts";
import { element, type Xml } from "./xml.ts";

/** What Service Bus says of a subscription: its settings, and what is in it. */
export function toSubscriptionDescription(
  { definition, queue }: Subscription,
  url: URL,
): Xml {
  const settings = { ...queueDefaults, ...definition };
  const counts = countMessages(queue);
  return [
    element("LockDuration", toXmlDuration(settings.lockDurationMs)),
    ...toReceivingSettings(queue),
    element(
      "DeadLetteringOnFilterEvaluationExceptions",
      String(definition.deadLetteringOnFilterEvaluationExceptions ?? true),
    ),
    element("MessageCount", String(totalOf(counts))),
    element("MaxDeliveryCount", String(settings.maxDeliveryCount)),
    element("EnableBatchedOperations", "true"),
    element("Status", "Active"),
    ...toForward("ForwardTo", definition.forwardTo, url),
    ...toTimes(queue),
    element("CountDetails", toCountDetails(counts), COUNTS),
    element("AutoDeleteOnIdle", toXmlDuration(undefined)),
    ...toForward(
      "ForwardDeadLetteredMessagesTo",
      definition.forwardDeadLetteredMessagesTo,
      url,
    ),
    element("EntityAvailabilityStatus", "Available"),
  ].join("");
}
