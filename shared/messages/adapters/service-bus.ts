import { ServiceBusClient, type ServiceBusSender } from "@azure/service-bus";
import { NucleusError } from "../../kernel/errors.ts";
import type { MessageSender } from "../message-sender.ts";
import { queues } from "../queues.ts";

/** Sends through Azure Service Bus, or through the embedded runtime's endpoint: the same client speaks to both. */
export function createServiceBusSender(options: {
  readonly connectionString: string;
}): MessageSender {
  let client: ServiceBusClient | undefined;
  const senders = new Map<string, ServiceBusSender>();

  const senderOf = (queue: string): ServiceBusSender => {
    client ??= new ServiceBusClient(options.connectionString, {
      retryOptions: { maxRetries: 2, retryDelayInMs: 200, timeoutInMs: 10_000 },
    });
    const sender = senders.get(queue) ?? client.createSender(queue);
    senders.set(queue, sender);
    return sender;
  };

  return {
    async send(channel, { body, messageId, visibleAtMs }) {
      const parsed = channel.body.parse(body);
      try {
        await senderOf(channel.queue).sendMessages({
          body: parsed,
          messageId,
          contentType: "application/json",
          ...(visibleAtMs !== undefined && {
            scheduledEnqueueTimeUtc: new Date(visibleAtMs),
          }),
        });
      } catch {
        throw new NucleusError("service_unavailable");
      }
    },
    async ping() {
      try {
        const sender = senderOf(queues[0].name);
        await sender.createMessageBatch();
      } catch {
        throw new NucleusError("service_unavailable");
      }
    },
    async close() {
      await client?.close();
    },
  };
}
