import { withDeadLetterReason } from "./amqp/message-codec.ts";
import { createDispatcher, type Dispatcher } from "./dispatcher.ts";
import type { LanePolicy } from "./lane-moves.ts";
import { createMessageLane, type MessageLane } from "./message-lane.ts";
import type { DeadLetterCause } from "./message-states.ts";
import type { LaneStore } from "./message-store.ts";
import type { RuleBook } from "./rule-book.ts";
import { createSessionDesk, type SessionDesk } from "./session-desk.ts";
import type { SessionStore } from "./session-store.ts";
import type { Timers } from "./timers.ts";

/** A message as a sender hands it in: checked, and with everything the queue needs to know read out of it. */
export interface SentMessage {
  /** The encoded AMQP message. */
  readonly content: Buffer;
  readonly messageId: string;
  readonly ttlMs: number | undefined;
  /** When it shall be enqueued; undefined for now. */
  readonly scheduledFor: number | undefined;
  readonly sessionId: string | undefined;
  /** How often it was forwarded. Default 0. */
  readonly hops?: number;
}

/** What takes messages: a queue, or a topic. */
export interface MessageIntake {
  /** False when a message has no session and the entity requires one. */
  takes(messages: readonly SentMessage[]): boolean;
  /**
   * Adds messages and answers with their sequence numbers. A duplicate within the detection window gets a number but is
   * dropped, as in Service Bus. Call it inside the commit loop.
   */
  send(messages: readonly SentMessage[]): number[];
}

/** What clients attach to: a queue, a topic, a subscription, or the dead-letter queue of one. */
export interface MessageEntity {
  readonly address: string;
  readonly lane: MessageLane;
  readonly dispatcher: Dispatcher;
  /** Present where messages come in sessions; `dispatcher` then hands out nothing. */
  readonly sessions: SessionDesk | undefined;
  /** Absent where nobody may send. */
  readonly intake: MessageIntake | undefined;
  /** Present on subscriptions. */
  readonly rules: RuleBook | undefined;
  /** Why nobody may receive; absent where one may. */
  readonly noReceivers: string | undefined;
  /** Notes that a client asked for messages. */
  touch(): void;
}

export interface EntityOptions {
  readonly address: string;
  readonly store: LaneStore;
  readonly policy: LanePolicy;
  readonly sessionStore: SessionStore;
  readonly timers: Timers;
  readonly now: () => number;
  readonly transact: (operation: () => void) => void;
  readonly nextSequenceNumber: () => number;
  readonly deadLetters: MessageLane | undefined;
  readonly intake: () => MessageIntake | undefined;
  readonly rules: RuleBook | undefined;
  readonly noReceivers: string | undefined;
  readonly touch: () => void;
}

/** Creates an entity without messages; its lane's `load` brings those on disk. */
export function createEntity(options: EntityOptions): MessageEntity {
  const { address, policy, timers, now, transact } = options;
  const dispatcher = createDispatcher({ source: () => lane, transact });
  const sessions = policy.requiresSession
    ? createSessionDesk({
        lane: () => lane,
        store: options.sessionStore,
        timers,
        now,
        lockDurationMs: policy.lockDurationMs,
        transact,
      })
    : undefined;
  const lane = createMessageLane({
    store: options.store,
    timers,
    now,
    policy,
    nextSequenceNumber: options.nextSequenceNumber,
    onActive(sessionId) {
      if (sessions === undefined) dispatcher.wake();
      else sessions.onActive(sessionId);
    },
    deadLetters: options.deadLetters,
    explain: (content, cause) =>
      withDeadLetterReason(content, cause, describeCause(cause)),
  });
  return {
    address,
    lane,
    dispatcher,
    sessions,
    get intake() {
      return options.intake();
    },
    rules: options.rules,
    noReceivers: options.noReceivers,
    touch: options.touch,
  };
}

function describeCause(cause: DeadLetterCause): string {
  switch (cause) {
    case "MaxDeliveryCountExceeded":
      return "Message could not be consumed after the maximum number of delivery attempts.";
    case "TTLExpiredException":
      return "The message expired and was dead lettered.";
    case "Session ID is null":
      return "Session enabled entity doesn't allow a message whose session identifier is null.";
    default:
      return cause satisfies never;
  }
}
