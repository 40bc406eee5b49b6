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
    ExpiresAtUtc: toExpiry(message.expiresAtUtc),
    ExpiresAt: toExpiry(message.expiresAtUtc),
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

/**
 * The metadata of a batch: each name with `Array` behind it, each value in the order of the messages. As on Azure, a
 * message without a text leaves no gap in the collection of that text.
 */
export function toServiceBusBatchMetadata(
  messages: readonly ServiceBusReceivedMessage[],
): Record<string, TypedData> {
  const each = messages.map(toServiceBusMetadata);
  const names = new Set(each.flatMap((metadata) => Object.keys(metadata)));
  const batch: Record<string, TypedData> = {};
  for (const name of names)
    batch[`${name}Array`] = toCollection(
      name,
      each.flatMap((metadata) => metadata[name] ?? []),
    );
  return batch;
}

function toCollection(name: string, values: readonly TypedData[]): TypedData {
  if (name === "SequenceNumber")
    return {
      collectionSint64: { sint64: values.map(({ json }) => Number(json)) },
    };
  if (values.every(({ string }) => string !== undefined))
    return toStrings(values);
  return { json: `[${values.map(({ json, int }) => json ?? int).join(",")}]` };
}

function toStrings(values: readonly TypedData[]): TypedData {
  const texts = values.map(({ string = "" }) => string);
  return { collectionString: { string: texts.filter((text) => text !== "") } };
}

/** The bodies of a batch as the trigger's data. */
export function toServiceBusBodies(
  messages: readonly ServiceBusReceivedMessage[],
  dataType: unknown,
): TypedData {
  const bodies = messages.map((message) => toServiceBusBody(message, dataType));
  if (dataType === "binary")
    return {
      collectionBytes: {
        bytes: bodies.map(
          (body) => body.bytes ?? Buffer.from(toBodyText(body)),
        ),
      },
    };
  return toStrings(bodies.map((body) => ({ string: toBodyText(body) })));
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

function toBodyText({ string, json }: TypedData): string {
  return string ?? json ?? "";
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

/** The end of .NET's time, for a message that does not expire. */
const never = "9999-12-31T23:59:59.9999999Z";

function toExpiry(value: Date | undefined): TypedData | undefined {
  return value !== undefined && value.getTime() > Date.parse(never)
    ? toJson(never)
    : toDate(value);
}

function toJson(value: unknown): TypedData {
  return { json: JSON.stringify(value) };
}
