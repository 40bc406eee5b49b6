import type {
  ServiceBusReceivedMessage,
  ServiceBusReceiver,
  ServiceBusSender,
} from "@azure/service-bus";
import { NucleusError } from "../../kernel/errors.ts";
import { Tag } from "../../kernel/metadata.ts";
import type { MessageAdministration } from "../message-administration.ts";
import {
  lockNext,
  lockOne,
  pageSize,
  peekAfter,
  toDeadLetter,
} from "./dead-letters.ts";
import {
  openAdministrationClient,
  openMessageClient,
  type ServiceBusConnection,
} from "./service-bus-connection.ts";
import { toMessageFailure } from "./to-message-failure.ts";
import { toResubmission, toResubmissionId } from "./to-resubmission.ts";

export interface ServiceBusAdministrationOptions {
  readonly connection: ServiceBusConnection;
  /** The names of the app's queues: no others are looked at or touched. */
  readonly queues: readonly string[];
}

/** A queue's dead letters to receive, and the queue to send to. */
interface DeadLetterParts {
  readonly receiver: ServiceBusReceiver;
  readonly sender: ServiceBusSender;
}

const readTimeoutMs = 10_000;
const retryOptions = {
  maxRetries: 2,
  retryDelayInMs: 200,
  timeoutInMs: 10_000,
};

/** Looks after queues of Azure Service Bus, or of the embedded runtime's endpoint: the same clients speak to both. */
export function createServiceBusAdministration({
  connection,
  queues,
}: ServiceBusAdministrationOptions): MessageAdministration {
  const administration = openAdministrationClient(connection);

  /**
   * Works with a connection of its own: the client's peeking goes on from where the last one on the connection ended,
   * and operators' work is rare.
   */
  const withDeadLetters = async <T>(
    queue: string,
    work: (parts: DeadLetterParts) => Promise<T>,
  ): Promise<T> => {
    if (!queues.includes(queue)) throw new NucleusError("not_found");
    const client = openMessageClient(connection, { retryOptions });
    const receiver = client.createReceiver(queue, {
      subQueueType: "deadLetter",
      skipParsingBodyAsJson: true,
    });
    const sender = client.createSender(queue);
    return tamed(async () => {
      try {
        return await work({ receiver, sender });
      } finally {
        await client.close();
      }
    });
  };

  return {
    counts: () =>
      tamed(() =>
        Promise.all(
          queues.map(async (queue) => {
            const found = await administration.getQueueRuntimeProperties(
              queue,
              { abortSignal: AbortSignal.timeout(readTimeoutMs) },
            );
            return {
              queue: Tag.parse(queue),
              active: found.activeMessageCount,
              scheduled: found.scheduledMessageCount,
              deadLettered: found.deadLetterMessageCount,
            };
          }),
        ),
      ),
    listDeadLetters: (queue, { limit, after }) =>
      withDeadLetters(queue, async ({ receiver }) => {
        const found =
          after === undefined
            ? await receiver.peekMessages(limit)
            : await peekAfter(receiver, after, limit);
        return found.map(toDeadLetter);
      }),
    resubmit: (queue, sequenceNumber) =>
      withDeadLetters(queue, async (parts) => {
        const message = await lockOne(parts.receiver, sequenceNumber);
        if (message !== undefined) await resubmit(parts, [message]);
        return message !== undefined;
      }),
    async resubmitAll(queue) {
      const copies = new Set<string>();
      let count = -1;
      while (count < copies.size) {
        count = copies.size;
        await withDeadLetters(queue, (parts) => resubmitPage(parts, copies));
      }
      return count;
    },
    deleteDeadLetter: (queue, sequenceNumber) =>
      withDeadLetters(queue, async ({ receiver }) => {
        const message = await lockOne(receiver, sequenceNumber);
        if (message !== undefined) await receiver.completeMessage(message);
        return message !== undefined;
      }),
  };
}

/** Sends a page of dead letters again and adds the copies' ids to `copies`; a copy that is back already stays. */
async function resubmitPage(
  parts: DeadLetterParts,
  copies: Set<string>,
): Promise<void> {
  const { receiver } = parts;
  const isCopy = ({ messageId }: ServiceBusReceivedMessage): boolean =>
    copies.has(String(messageId));
  const page = await receiver.peekMessages(pageSize);
  const firstCopy = page.findIndex(isCopy);
  const count = firstCopy < 0 ? page.length : firstCopy;
  if (count === 0) return;
  const locked = await lockNext(receiver, count);
  const back = locked.filter(isCopy);
  await Promise.all(back.map((message) => receiver.abandonMessage(message)));
  const due = locked.filter((message) => !isCopy(message));
  for (const message of due) copies.add(toResubmissionId(message));
  await resubmit(parts, due);
}

/** Sends copies of locked dead letters and removes each once its copy is taken; all are tried before one failing is told. */
async function resubmit(
  { receiver, sender }: DeadLetterParts,
  messages: readonly ServiceBusReceivedMessage[],
): Promise<void> {
  const outcomes = await Promise.allSettled(
    messages.map(async (message) => {
      await sender.sendMessages(toResubmission(message));
      await receiver.completeMessage(message);
    }),
  );
  const failed = outcomes.find((outcome) => outcome.status === "rejected");
  if (failed !== undefined) throw failed.reason;
}

async function tamed<T>(work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (thrown) {
    throw toMessageFailure(thrown);
  }
}
