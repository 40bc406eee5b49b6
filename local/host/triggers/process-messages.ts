import type {
  ServiceBusReceivedMessage,
  ServiceBusReceiver,
} from "@azure/service-bus";
import type { CatalogedFunction } from "../function-catalogue.ts";
import type { Invoker } from "../invoker.ts";
import { parseTraceparent } from "../trace-context.ts";
import {
  toServiceBusBatchMetadata,
  toServiceBusBodies,
  toServiceBusBody,
  toServiceBusMetadata,
} from "./to-service-bus-metadata.ts";

export type LogError = (operation: string, error: unknown) => void;

export type ProcessMessage = (
  message: ServiceBusReceivedMessage,
  receiver: ServiceBusReceiver,
) => Promise<void>;

export type ProcessBatch = (
  messages: readonly ServiceBusReceivedMessage[],
  receiver: ServiceBusReceiver,
) => Promise<void>;

export interface Processing {
  readonly called: CatalogedFunction;
  /** Whether messages are completed after success; else the function settles them itself. */
  readonly autoComplete: boolean;
  readonly invoker: Invoker;
  readonly logError: LogError;
}

/** Runs the function for one message and settles it; never rejects. */
export function createProcessMessage({
  called,
  autoComplete,
  invoker,
  logError,
}: Processing): ProcessMessage {
  return async (message, receiver) => {
    const outcome = await invoker.invoke({
      called,
      data: toServiceBusBody(message, called.trigger["dataType"]),
      triggerMetadata: toServiceBusMetadata(message),
      traceparent: readTraceparent(message),
    });
    try {
      if (outcome.kind !== "completed") await receiver.abandonMessage(message);
      else if (autoComplete) await receiver.completeMessage(message);
    } catch (error) {
      // The lock is lost or the connection is gone: the broker delivers the message again.
      logError("settle", error);
    }
  };
}

/** Runs the function once for a whole batch and settles its messages, all the same way; never rejects. */
export function createProcessBatch({
  called,
  autoComplete,
  invoker,
  logError,
}: Processing): ProcessBatch {
  return async (messages, receiver) => {
    const { kind } = await invoker.invoke({
      called,
      data: toServiceBusBodies(messages, called.trigger["dataType"]),
      triggerMetadata: toServiceBusBatchMetadata(messages),
    });
    if (kind === "completed" && !autoComplete) return;
    const settled = await Promise.allSettled(
      messages.map((message) =>
        kind === "completed"
          ? receiver.completeMessage(message)
          : receiver.abandonMessage(message),
      ),
    );
    for (const result of settled)
      if (result.status === "rejected") logError("settle", result.reason);
  };
}

/** The W3C context that a sender put on the message: its own `traceparent`, or the client library's `Diagnostic-Id`. */
function readTraceparent({
  applicationProperties,
}: ServiceBusReceivedMessage): string | undefined {
  return parseTraceparent(
    applicationProperties?.["traceparent"] ??
      applicationProperties?.["Diagnostic-Id"],
  );
}
