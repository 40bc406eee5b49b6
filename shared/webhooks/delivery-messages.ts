import type { Now } from "../kernel/clock.ts";
import { Tag } from "../kernel/metadata.ts";
import type { MessageSender } from "../messages/message-sender.ts";
import { deliveryChannel, type DeliveryMessage } from "./delivery-channel.ts";
import type { DeliveryKey } from "./delivery-records.ts";
import { nextAttempt, type WebhookSchedule } from "./schedule.ts";

/** The messages that make the attempts of deliveries happen. Sending one twice is dropped, or ignored when it arrives. */
export interface DeliveryMessages {
  /** Asks for the first attempt of a round, whatever its number. */
  askFirst(key: DeliveryKey, attempt: number): Promise<void>;
  ask(key: DeliveryKey, attempt: number, visibleAtMs: number): Promise<void>;
  /** Brings a message back that came while its attempt could not be made. */
  postpone(message: DeliveryMessage, untilMs: number): Promise<void>;
}

export function createDeliveryMessages(options: {
  readonly messages: MessageSender;
  readonly schedule: WebhookSchedule;
  readonly now: Now;
  readonly random: () => number;
}): DeliveryMessages {
  const { messages, schedule, now, random } = options;

  const ask: DeliveryMessages["ask"] = (key, attempt, visibleAtMs) =>
    messages.send(deliveryChannel, {
      body: { schemaVersion: 1, ...key, attempt },
      messageId: Tag.parse(`${key.deliveryId}.${attempt}`),
      ...(visibleAtMs > now() && { visibleAtMs }),
    });

  return {
    ask,
    askFirst(key, attempt) {
      const first = nextAttempt({ attempt: 0, schedule, random });
      const delayMs = first.kind === "scheduled" ? first.delayMs : 0;
      return ask(key, attempt, now() + delayMs);
    },
    postpone: (message, untilMs) =>
      messages.send(deliveryChannel, {
        body: message,
        messageId: Tag.parse(
          `${message.deliveryId}.${message.attempt}.${untilMs}`,
        ),
        visibleAtMs: untilMs,
      }),
  };
}
