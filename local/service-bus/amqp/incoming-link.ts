import type { EventContext, Receiver } from "rhea";
import type { MessageIntake, SentMessage } from "../message-entity.ts";
import { amqpErrors, MAX_MESSAGE_BYTES } from "./amqp-errors.ts";
import type { LinkContext } from "./link-context.ts";
import { readBatch, readMessage } from "./message-codec.ts";
import { MalformedMessage } from "./message-sections.ts";
import { BATCH_FORMAT } from "./raw-transfers.ts";
import { amqpMessages } from "./rhea-internals.ts";

/** Serves a link on which a client sends: a message is accepted once it is on disk. */
export function serveIncomingLink(
  receiver: Receiver,
  intake: MessageIntake,
  context: LinkContext,
): void {
  receiver.on("message", (event: EventContext) => {
    const { delivery } = event;
    if (delivery === undefined) return;
    const bytes = event.message as unknown as Buffer;
    if (bytes.length > MAX_MESSAGE_BYTES) {
      delivery.reject(amqpErrors.tooLarge());
      return;
    }
    const messages = read(bytes, delivery.format);
    if (messages === undefined) {
      delivery.reject(amqpErrors.malformed());
      return;
    }
    if (!intake.takes(messages)) {
      delivery.reject(amqpErrors.sessionIdMissing());
      return;
    }
    context.transact(() => intake.send(messages));
    context.afterCommit(() => {
      delivery.update(true, amqpMessages.accepted().described());
    });
  });
}

function read(bytes: Buffer, format: number): SentMessage[] | undefined {
  try {
    return format === BATCH_FORMAT ? readBatch(bytes) : [readMessage(bytes)];
  } catch (error) {
    if (error instanceof MalformedMessage) return undefined;
    throw error;
  }
}
