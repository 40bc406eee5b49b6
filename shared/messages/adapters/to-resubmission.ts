import type { ServiceBusReceivedMessage } from "@azure/service-bus";
import { Tag } from "../../kernel/metadata.ts";

const reasonProperties = ["DeadLetterReason", "DeadLetterErrorDescription"];
const expiryProperties = ["creationTime", "absoluteExpiryTime"];
const maxIdLength = 100;

/** A message in AMQP's own terms, which keep the type of its body; the library does not export this type by name. */
type AmqpMessage = ServiceBusReceivedMessage["_rawAmqpMessage"];

/**
 * The copy of a dead letter that is sent again: its body as it lies there, its properties without the reason and
 * without the time at which it would have expired.
 *
 * R1. It needs an id of its own: the queue's duplicate detection still knows the first one and would drop the copy.
 * R2. The id depends on the dead letter only, so that the copy of an interrupted attempt is recognised as one.
 */
export function toResubmission(
  message: ServiceBusReceivedMessage,
): AmqpMessage {
  const { bodyType, properties, applicationProperties, header } =
    message._rawAmqpMessage;
  return {
    body: message.body as unknown,
    ...(bodyType !== undefined && { bodyType }),
    properties: {
      ...without(properties ?? {}, expiryProperties),
      messageId: toResubmissionId(message),
    },
    applicationProperties: without(
      applicationProperties ?? {},
      reasonProperties,
    ),
    ...(header?.timeToLive !== undefined && {
      header: { timeToLive: header.timeToLive },
    }),
  };
}

/** The message's first id with the dead letter's number: it does not grow when a copy fails again. */
export function toResubmissionId(message: ServiceBusReceivedMessage): string {
  const given = Tag.safeParse(message.messageId);
  const first = given.success
    ? given.data.replace(/\.r\d+$/, "").slice(0, maxIdLength)
    : "resubmitted";
  return `${first}.r${message.sequenceNumber?.toString() ?? "0"}`;
}

function without<T extends object>(
  values: T,
  names: readonly string[],
): Partial<T> {
  return Object.fromEntries(
    Object.entries(values).filter(([name]) => !names.includes(name)),
  ) as Partial<T>;
}
