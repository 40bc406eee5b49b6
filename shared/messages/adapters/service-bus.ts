import type { ServiceBusClient, ServiceBusSender } from "@azure/service-bus";
import { NucleusError } from "../../kernel/errors.ts";
import type { MessageSender } from "../message-sender.ts";
import { queues } from "../queues.ts";

/**
 * Sends through Azure Service Bus, or through the embedded runtime's endpoint: the same client speaks to both. It is
 * loaded with the first message: it is heavy, and a cold start must not wait for it.
 */
export function createServiceBusSender(options: {
  readonly connectionString: string;
}): MessageSender {
  let client: Promise<ServiceBusClient> | undefined;
  const senders = new Map<string, ServiceBusSender>();

  const connect = async (): Promise<ServiceBusClient> => {
    const { ServiceBusClient } = await import("@azure/service-bus");
    return new ServiceBusClient(options.connectionString, {
      retryOptions: { maxRetries: 2, retryDelayInMs: 200, timeoutInMs: 10_000 },
    });
  };

  const senderOf = async (queue: string): Promise<ServiceBusSender> => {
    client ??= connect();
    const connected = await client;
    const sender = senders.get(queue) ?? connected.createSender(queue);
    senders.set(queue, sender);
    return sender;
  };

  return {
    async send(channel, { body, messageId, visibleAtMs }) {
      const parsed = channel.body.parse(body);
      try {
        const sender = await senderOf(channel.queue);
        await sender.sendMessages({
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
        const sender = await senderOf(queues[0].name);
        await sender.createMessageBatch();
      } catch {
        throw new NucleusError("service_unavailable");
      }
    },
    async close() {
      await (await client)?.close();
    },
  };
}
