import type { ServiceBusMessage } from "@azure/service-bus";
import type { TypedData } from "../typed-data.ts";

/**
 * The messages that an output binding's value means: none for no value, one per element for a JSON array, also for one
 * that is given as text. As on Azure, whatever is not bytes goes as `text/plain`.
 */
export function toServiceBusMessages(data: TypedData): ServiceBusMessage[] {
  if (data.bytes !== undefined)
    return [
      {
        body: Buffer.from(data.bytes),
        contentType: "application/octet-stream",
      },
    ];
  if (data.string !== undefined)
    return parseArray(data.string)?.map(toMessage) ?? [toText(data.string)];
  if (data.json !== undefined) {
    const value: unknown = JSON.parse(data.json);
    return (Array.isArray(value) ? value : [value]).map(toMessage);
  }
  const number = data.int ?? data.double;
  return number === undefined ? [] : [toText(String(number))];
}

function parseArray(text: string): unknown[] | undefined {
  if (!/^\s*\[[^]*\]\s*$/.test(text)) return undefined;
  try {
    return JSON.parse(text) as unknown[];
  } catch {
    return undefined;
  }
}

function toMessage(value: unknown): ServiceBusMessage {
  return toText(typeof value === "string" ? value : JSON.stringify(value));
}

function toText(text: string): ServiceBusMessage {
  return { body: Buffer.from(text, "utf8"), contentType: "text/plain" };
}
