import type {
  ServiceBusReceivedMessage,
  ServiceBusReceiver,
} from "@azure/service-bus";
import { NucleusError } from "../../kernel/errors.ts";
import { Tag, toIsoTime } from "../../kernel/metadata.ts";
import {
  type DeadLetter,
  deadLetterReasons,
  SequenceNumber,
} from "../message-administration.ts";

/** As many as Service Bus hands out at once. */
export const pageSize = 100;
/** Longer than an answer takes: nothing that comes until then is locked by others. */
const maxWaitTimeInMs = 2_000;

/** What may be shown of a dead letter. */
export function toDeadLetter(message: ServiceBusReceivedMessage): DeadLetter {
  const messageId = Tag.safeParse(message.messageId);
  return {
    sequenceNumber: sequenceNumberOf(message),
    ...(messageId.success && { messageId: messageId.data }),
    enqueuedAt: toIsoTime(message.enqueuedTimeUtc?.getTime() ?? 0),
    deliveryCount: message.deliveryCount ?? 0,
    reason:
      deadLetterReasons.find((reason) => reason === message.deadLetterReason) ??
      "other",
  };
}

/** Dead letters after a number, whoever has them locked. */
export async function peekAfter(
  receiver: ServiceBusReceiver,
  after: SequenceNumber,
  limit: number,
): Promise<ServiceBusReceivedMessage[]> {
  const [first] = await receiver.peekMessages(1);
  const number = first?.sequenceNumber;
  if (number === undefined) return [];
  // The client takes numbers of its own 64-bit type only, so this one is reckoned from one of its own.
  const fromSequenceNumber = number.subtract(number).add(after).add(1);
  return receiver.peekMessages(limit, { fromSequenceNumber });
}

/**
 * Locks one dead letter; undefined when it is not there. Service Bus hands out messages in their order only, so those
 * before it are locked on the way, and given back before this ends.
 *
 * @throws NucleusError service_unavailable when another receiver has it.
 */
export async function lockOne(
  receiver: ServiceBusReceiver,
  sequenceNumber: SequenceNumber,
): Promise<ServiceBusReceivedMessage | undefined> {
  let ahead = await positionOf(receiver, sequenceNumber);
  if (ahead === undefined) return undefined;
  const passed: ServiceBusReceivedMessage[] = [];
  try {
    while (ahead > 0) {
      const locked = await lockNext(receiver, ahead);
      if (locked.length === 0) break;
      ahead -= locked.length;
      const isMeant = (message: ServiceBusReceivedMessage): boolean =>
        sequenceNumberOf(message) === sequenceNumber;
      passed.push(...locked.filter((message) => !isMeant(message)));
      const found = locked.find(isMeant);
      if (found !== undefined) return found;
    }
  } finally {
    await Promise.allSettled(
      passed.map((message) => receiver.abandonMessage(message)),
    );
  }
  throw new NucleusError("service_unavailable");
}

/** Locks the next dead letters, a page at most; fewer than asked for when others have them. */
export function lockNext(
  receiver: ServiceBusReceiver,
  count: number,
): Promise<ServiceBusReceivedMessage[]> {
  return receiver.receiveMessages(Math.min(count, pageSize), {
    maxWaitTimeInMs,
  });
}

/** The place of a message among the dead letters, from 1 on. */
async function positionOf(
  receiver: ServiceBusReceiver,
  sequenceNumber: SequenceNumber,
): Promise<number | undefined> {
  let position = 0;
  for (;;) {
    const page = await receiver.peekMessages(pageSize);
    const index = page.findIndex(
      (message) => sequenceNumberOf(message) === sequenceNumber,
    );
    if (index >= 0) return position + index + 1;
    if (page.length === 0) return undefined;
    position += page.length;
  }
}

function sequenceNumberOf({
  sequenceNumber,
}: ServiceBusReceivedMessage): SequenceNumber {
  return SequenceNumber.parse(sequenceNumber?.toString());
}
