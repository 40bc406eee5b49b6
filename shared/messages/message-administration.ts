import { z } from "zod";
import { Count, defineMetadata, IsoTime, Tag } from "../kernel/metadata.ts";

/** What a queue holds. */
export const QueueCounts = defineMetadata(
  z.object({
    queue: Tag,
    /** Messages that wait, are locked by a receiver or are deferred. */
    active: Count,
    scheduled: Count,
    deadLettered: Count,
  }),
);
export type QueueCounts = z.infer<typeof QueueCounts>;

/** The number of a message in its queue; too large for a JavaScript number on partitioned entities. */
export const SequenceNumber = z
  .string()
  .regex(/^\d{1,19}$/)
  .brand<"SequenceNumber">();
export type SequenceNumber = z.infer<typeof SequenceNumber>;

/** Why Service Bus itself dead-letters a message. */
export const deadLetterReasons = [
  "HeaderSizeExceeded",
  "MaxDeliveryCountExceeded",
  "MaxTransferHopCountExceeded",
  "Session ID is null.",
  "TTLExpiredException",
] as const;

/** A message in a queue's dead-letter queue, without its body. */
export const DeadLetter = defineMetadata(
  z.object({
    sequenceNumber: SequenceNumber,
    /** Absent when it is not a tag: then somebody else sent the message. */
    messageId: Tag.optional(),
    enqueuedAt: IsoTime,
    deliveryCount: Count,
    /** Any other reason is words of whoever gave it, and not shown. */
    reason: z.enum([...deadLetterReasons, "other"]),
  }),
);
export type DeadLetter = z.infer<typeof DeadLetter>;

/**
 * Looks after the app's queues: what they hold, and what becomes of the messages that nothing could be done with.
 * Bodies stay where they are, or pass through unread.
 *
 * Every method throws NucleusError: not_found for a queue that is not the app's, service_unavailable,
 * dependency_denied, identity_unavailable.
 */
export interface MessageAdministration {
  /** The counts of each queue of the app, in the order in which it declares them. */
  counts(): Promise<readonly QueueCounts[]>;
  /** Dead letters in the order of their numbers, `limit` (1 to 100) at most, from the first one after `after` on. */
  listDeadLetters(
    queue: string,
    page: { readonly limit: number; readonly after?: SequenceNumber },
  ): Promise<readonly DeadLetter[]>;
  /**
   * Sends a dead letter again and removes it; false when it is not there (any more). Interrupted between the two it
   * can be called again: within the queue's window for duplicates no second copy arrives.
   */
  resubmit(queue: string, sequenceNumber: SequenceNumber): Promise<boolean>;
  /**
   * Sends all dead letters again, as `resubmit` does, and answers with how many. Those that fail anew while it works
   * stay in the dead-letter queue.
   */
  resubmitAll(queue: string): Promise<number>;
  /** Removes a dead letter for good; false when it is not there (any more). */
  deleteDeadLetter(
    queue: string,
    sequenceNumber: SequenceNumber,
  ): Promise<boolean>;
}
