import type { ServiceBusReceivedMessage } from "@azure/service-bus";
import type { TypedData } from "../typed-data.ts";

/** The trigger metadata that Azure's Service Bus extension sends with one message; absent values are left out. */
export function toServiceBusMetadata(
  message: ServiceBusReceivedMessage,
): Record<string, TypedData> {
  const properties = toJson(message.applicationProperties ?? {});
  const entries: Record<string, TypedData | undefined> = {
    // The client counts earlier deliveries, the extension counts this one as well.
    DeliveryCount: { int: (message.deliveryCount ?? 0) + 1 },
    DeadLetterSource: toText(message.deadLetterSource),
    LockToken: toText(message.lockToken),
    ExpiresAtUtc: toDate(message.expiresAtUtc),
    ExpiresAt: toDate(message.expiresAtUtc),
    EnqueuedTimeUtc: toDate(message.enqueuedTimeUtc),
    EnqueuedTime: toDate(message.enqueuedTimeUtc),
    MessageId: toText(message.messageId),
    ContentType: toText(message.contentType),
    ReplyTo: toText(message.replyTo),
    SequenceNumber:
      message.sequenceNumber === undefined
        ? undefined
        : { json: message.sequenceNumber.toString() },
    To: toText(message.to),
    Subject: toText(message.subject),
    Label: toText(message.subject),
    CorrelationId: toText(message.correlationId),
    ApplicationProperties: properties,
    UserProperties: properties,
    SessionId: toText(message.sessionId),
    ReplyToSessionId: toText(message.replyToSessionId),
    PartitionKey: toText(message.partitionKey),
  };
  const metadata: Record<string, TypedData> = {};
  for (const [name, data] of Object.entries(entries))
    if (data !== undefined) metadata[name] = data;
  return metadata;
}

/** A message's body as the trigger's data. The receiver must not parse bodies (`skipParsingBodyAsJson`). */
export function toServiceBusBody(
  { body }: ServiceBusReceivedMessage,
  dataType: unknown,
): TypedData {
  if (body === undefined || body === null) return {};
  if (Buffer.isBuffer(body))
    return dataType === "binary"
      ? { bytes: body }
      : { string: body.toString("utf8") };
  return typeof body === "string" ? { string: body } : toJson(body);
}

function toText(
  value: string | number | Buffer | undefined,
): TypedData | undefined {
  return value === undefined ? undefined : { string: value.toString() };
}

function toDate(value: Date | undefined): TypedData | undefined {
  return value === undefined || Number.isNaN(value.getTime())
    ? undefined
    : toJson(value);
}

function toJson(value: unknown): TypedData {
  return { json: JSON.stringify(value) };
}
