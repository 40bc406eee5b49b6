import type { ServiceBusMessage } from "@azure/service-bus";
import type { TypedData } from "../typed-data.ts";

/** The messages that an output binding's value means: none for no value, one per element for a JSON array. */
export function toServiceBusMessages(data: TypedData): ServiceBusMessage[] {
  if (data.bytes !== undefined)
    return [
      {
        body: Buffer.from(data.bytes),
        contentType: "application/octet-stream",
      },
    ];
  if (data.string !== undefined) return [toText(data.string)];
  if (data.json !== undefined) {
    const value: unknown = JSON.parse(data.json);
    return (Array.isArray(value) ? value : [value]).map(toMessage);
  }
  const number = data.int ?? data.double;
  return number === undefined ? [] : [toText(String(number))];
}

function toMessage(value: unknown): ServiceBusMessage {
  return typeof value === "string"
    ? toText(value)
    : {
        body: Buffer.from(JSON.stringify(value), "utf8"),
        contentType: "application/json",
      };
}

function toText(text: string): ServiceBusMessage {
  return { body: Buffer.from(text, "utf8"), contentType: "text/plain" };
}
