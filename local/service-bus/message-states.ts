/** Where a message of a queue (or of its dead-letter queue) can stand. */
export type MessageState =
  "scheduled" | "active" | "locked" | "deferred" | "deferredLocked";

/** Where a message goes when it leaves its queue. */
export type MessageEnd = "removed" | "deadLettered";

/** What can happen to a message. */
export type MessageEvent =
  | "enqueue"
  | "cancel"
  | "lock"
  | "take"
  | "complete"
  | "return"
  | "defer"
  | "deadLetter"
  | "expire";

/**
 * The life of a message.
 *
 * M1. `return` is every way back without settlement: abandon, release, a lock that ran out. A message that was
 *     deferred goes back to being deferred.
 * M2. Only `active` messages are handed to receivers; deferred ones are asked for by sequence number.
 * M3. A locked message never expires: its time to live is looked at when it returns.
 */
export const messageTransitions: {
  readonly [S in MessageState]: {
    readonly [E in MessageEvent]?: MessageState | MessageEnd;
  };
} = {
  scheduled: { enqueue: "active", cancel: "removed" },
  active: {
    lock: "locked",
    take: "removed",
    expire: "removed",
    deadLetter: "deadLettered",
  },
  locked: {
    complete: "removed",
    return: "active",
    defer: "deferred",
    deadLetter: "deadLettered",
    expire: "removed",
  },
  deferred: {
    lock: "deferredLocked",
    take: "removed",
    expire: "removed",
    deadLetter: "deadLettered",
  },
  deferredLocked: {
    complete: "removed",
    return: "deferred",
    defer: "deferred",
    deadLetter: "deadLettered",
    expire: "removed",
  },
};

/** The state after `event`, or undefined when the event cannot happen in `state`. */
export function nextState(
  state: MessageState,
  event: MessageEvent,
): MessageState | MessageEnd | undefined {
  return messageTransitions[state][event];
}

/** Why the broker dead-letters a message of its own accord; the words are Service Bus'. */
export type DeadLetterCause =
  "MaxDeliveryCountExceeded" | "TTLExpiredException" | "Session ID is null";

export interface ReturningMessage {
  readonly sessionId: string | undefined;
  readonly deliveries: number;
  /** When its time to live ends; Infinity for never. */
  readonly expiresAt: number;
}

export interface ReturnPolicy {
  /** Infinity for a dead-letter queue. */
  readonly maxDeliveryCount: number;
  readonly deadLettersExpired: boolean;
  readonly requiresSession: boolean;
}

/** What becomes of a message that comes back from a receiver, or that waits in its queue, at time `now`. */
export function decideReturn(
  message: ReturningMessage,
  policy: ReturnPolicy,
  now: number,
):
  | { readonly event: "return" | "expire" }
  | { readonly event: "deadLetter"; readonly cause: DeadLetterCause } {
  if (now >= message.expiresAt) {
    return policy.deadLettersExpired
      ? { event: "deadLetter", cause: "TTLExpiredException" }
      : { event: "expire" };
  }
  if (policy.requiresSession && message.sessionId === undefined) {
    return { event: "deadLetter", cause: "Session ID is null" };
  }
  if (message.deliveries >= policy.maxDeliveryCount) {
    return { event: "deadLetter", cause: "MaxDeliveryCountExceeded" };
  }
  return { event: "return" };
}
