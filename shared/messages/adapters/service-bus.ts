import type { ServiceBusClient, ServiceBusSender } from "@azure/service-bus";
import type { TraceParent } from "../../kernel/metadata.ts";
import type { MessageSender } from "../message-sender.ts";
import { queues } from "../queues.ts";
import {
  openMessageClient,
  type ServiceBusConnection,
} from "./service-bus-connection.ts";
import { toMessageFailure } from "./to-message-failure.ts";

/** Sends through Azure Service Bus, or through the embedded runtime's endpoint: the same client speaks to both. */
export function createServiceBusSender(
  connection: ServiceBusConnection,
): MessageSender {
  let client: ServiceBusClient | undefined;
  const senders = new Map<string, ServiceBusSender>();

  const senderOf = (queue: string): ServiceBusSender => {
    client ??= openMessageClient(connection, {
      retryOptions: { maxRetries: 2, retryDelayInMs: 200, timeoutInMs: 10_000 },
    });
    const sender = senders.get(queue) ?? client.createSender(queue);
    senders.set(queue, sender);
    return sender;
  };

  return {
    async send(channel, { body, messageId, visibleAtMs, traceparent }) {
      const parsed = channel.body.parse(body);
      try {
        await senderOf(channel.queue).sendMessages({
          body: parsed,
          messageId,
          contentType: "application/json",
          ...(visibleAtMs !== undefined && {
            scheduledEnqueueTimeUtc: new Date(visibleAtMs),
          }),
          ...(traceparent !== undefined && {
            applicationProperties: toTraceProperties(traceparent),
          }),
        });
      } catch (thrown) {
        throw toMessageFailure(thrown);
      }
    },
    async ping() {
      try {
        await senderOf(queues[0].name).createMessageBatch();
      } catch (thrown) {
        throw toMessageFailure(thrown);
      }
    },
    async close() {
      await client?.close();
    },
  };
}

/** The W3C name, and the one that Azure's libraries and Application Insights read. */
function toTraceProperties(traceparent: TraceParent): Record<string, string> {
  return { traceparent, "Diagnostic-Id": traceparent };
}
