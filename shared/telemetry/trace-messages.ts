import { Tag } from "../kernel/metadata.ts";
import type { MessageSender } from "../messages/message-sender.ts";
import type { Telemetry } from "./telemetry.ts";

/** The message sender, with a span for each message, whose context the message carries to whoever works on it. */
export function traceMessages(
  messages: MessageSender,
  telemetry: Telemetry,
): MessageSender {
  return {
    ...messages,
    send: (channel, message) =>
      telemetry.span(
        "message.send",
        {
          attributes: {
            "messaging.system": "servicebus",
            "messaging.operation.type": "send",
            "messaging.destination.name": Tag.parse(channel.queue),
            "messaging.message.id": message.messageId,
          },
        },
        ({ traceparent }) => {
          const traced = { ...message, traceparent };
          return messages.send(channel, traced);
        },
      ),
  };
}
