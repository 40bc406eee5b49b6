import { withDeadLetterReason } from "./amqp/message-codec.ts";
import { createDispatcher, type Dispatcher } from "./dispatcher.ts";
import { createMessageLane, type MessageLane } from "./message-lane.ts";
import type { MessageStore } from "./message-store.ts";
import type { DeadLetterCause } from "./message-states.ts";
import { type QueueDefinition, queueDefaults } from "./queue-definition.ts";
import type { Timers } from "./timers.ts";

/** A message as a sender hands it in: checked, and with everything the queue needs to know read out of it. */
export interface SentMessage {
  /** The encoded AMQP message. */
  readonly content: Buffer;
  readonly messageId: string;
  readonly ttlMs: number | undefined;
  /** When it shall be enqueued; undefined for now. */
  readonly scheduledFor: number | undefined;
}

/** What clients attach to: a queue, or the dead-letter queue of one. */
export interface MessageEntity {
  readonly address: string;
  readonly lane: MessageLane;
  readonly dispatcher: Dispatcher;
  /** Absent where nobody may send. */
  readonly queue: MessageQueue | undefined;
  /** Notes that a client asked for messages. */
  touch(): void;
}

export interface MessageQueue {
  readonly name: string;
  readonly definition: QueueDefinition;
  readonly main: MessageEntity;
  readonly deadLetters: MessageEntity;
  /** The first time that this queue was defined, in milliseconds since the epoch. */
  readonly createdAt: number;
  /** When the endpoint took up the queue with its present settings. */
  readonly openedAt: number;
  /** When messages were last sent or asked for, or when the queue was opened. */
  readonly accessedAt: number;
  /** The bytes of all its messages, dead letters included; read from the disk. */
  sizeBytes(): number;
  /**
   * Adds messages and answers with their sequence numbers. A duplicate within the queue's detection window gets a
   * number but is dropped, as in Service Bus. Call it inside the commit loop.
   */
  send(messages: readonly SentMessage[]): number[];
}

/** Sequence numbers are reserved on disk in blocks: a restart may skip some, but repeats none. */
const SEQUENCE_BLOCK = 1000;
const FORGET_EVERY_MS = 60_000;

export interface MessageQueueOptions {
  readonly definition: QueueDefinition;
  readonly store: MessageStore;
  readonly timers: Timers;
  readonly now: () => number;
  readonly transact: (operation: () => void) => void;
}

/** Opens a queue with its dead-letter queue and brings its messages into memory. Call it inside the commit loop. */
export function openMessageQueue(options: MessageQueueOptions): MessageQueue {
  const { definition, store, now } = options;
  const openedAt = now();
  const { id, reservedSequence, createdAt } = store.openQueue(
    definition.name,
    openedAt,
  );
  let accessedAt = openedAt;
  const touch = (): void => {
    accessedAt = now();
  };
  const nextSequenceNumber = createSequence(
    reservedSequence,
    store.reserveSequence.bind(store, id),
  );
  const isDuplicate = createDuplicateDetection(options, id);

  const deadLetters = createEntity(options, id, {
    address: `${definition.name}/$deadletterqueue`,
    nextSequenceNumber,
    deadLetters: undefined,
    queue: () => undefined,
    touch,
  });
  const main = createEntity(options, id, {
    address: definition.name,
    nextSequenceNumber,
    deadLetters: deadLetters.lane,
    queue: () => queue,
    touch,
  });

  const queue: MessageQueue = {
    name: definition.name,
    definition,
    main,
    deadLetters,
    createdAt,
    openedAt,
    get accessedAt() {
      return accessedAt;
    },
    sizeBytes: () => store.sizeOf(id),
    send(messages) {
      touch();
      return messages.map((message) => {
        const sequenceNumber = nextSequenceNumber();
        if (isDuplicate(message.messageId)) return sequenceNumber;
        const enqueuedAt = now();
        const isScheduled = (message.scheduledFor ?? 0) > enqueuedAt;
        main.lane.add(
          {
            id: store.nextMessageId(),
            state: isScheduled ? "scheduled" : "active",
            sequenceNumber,
            deliveries: 0,
            enqueuedAt,
            scheduledFor: isScheduled ? message.scheduledFor : undefined,
            ttlMs: shorter(message.ttlMs, definition.defaultMessageTtlMs),
          },
          message.content,
        );
        return sequenceNumber;
      });
    },
  };
  deadLetters.lane.load();
  main.lane.load();
  return queue;
}

function createEntity(
  options: MessageQueueOptions,
  queueId: number,
  entity: {
    readonly address: string;
    readonly nextSequenceNumber: () => number;
    readonly deadLetters: MessageLane | undefined;
    readonly queue: () => MessageQueue | undefined;
    readonly touch: () => void;
  },
): MessageEntity {
  const { definition, store, timers, now, transact } = options;
  const isMain = entity.deadLetters !== undefined;
  const dispatcher = createDispatcher({ lane: () => lane, transact });
  const lane = createMessageLane({
    store: store.lane(queueId, isMain ? "main" : "deadLetter"),
    timers,
    now,
    policy: {
      lockDurationMs: definition.lockDurationMs ?? queueDefaults.lockDurationMs,
      maxDeliveryCount: isMain
        ? (definition.maxDeliveryCount ?? queueDefaults.maxDeliveryCount)
        : Infinity,
      deadLettersExpired: definition.deadLetteringOnMessageExpiration ?? false,
      expires: isMain,
    },
    nextSequenceNumber: entity.nextSequenceNumber,
    onActive: () => dispatcher.wake(),
    deadLetters: entity.deadLetters,
    explain: (content, cause) =>
      withDeadLetterReason(content, cause, describeCause(cause)),
  });
  return {
    address: entity.address,
    lane,
    dispatcher,
    get queue() {
      return entity.queue();
    },
    touch: entity.touch,
  };
}

function createSequence(
  reserved: number,
  reserve: (upTo: number) => void,
): () => number {
  let last = reserved;
  let upTo = reserved;
  return () => {
    last += 1;
    if (last > upTo) {
      upTo = last + SEQUENCE_BLOCK - 1;
      reserve(upTo);
    }
    return last;
  };
}

function createDuplicateDetection(
  options: MessageQueueOptions,
  queueId: number,
): (messageId: string) => boolean {
  const { definition, store, timers, now } = options;
  const windowMs = definition.duplicateDetectionWindowMs;
  if (windowMs === undefined) return () => false;
  let isSweepDue = false;
  const sweep = (): void => {
    isSweepDue = false;
    store.forgetMessageIds(now());
  };
  return (messageId) => {
    if (!isSweepDue) {
      isSweepDue = true;
      timers.set(now() + windowMs + FORGET_EVERY_MS, sweep);
    }
    return !store.rememberMessageId(
      queueId,
      messageId,
      now(),
      now() + windowMs,
    );
  };
}

function describeCause(cause: DeadLetterCause): string {
  switch (cause) {
    case "MaxDeliveryCountExceeded":
      return "Message could not be consumed after the maximum number of delivery attempts.";
    case "TTLExpiredException":
      return "The message expired and was dead lettered.";
    default:
      return cause satisfies never;
  }
}

function shorter(
  left: number | undefined,
  right: number | undefined,
): number | undefined {
  if (left === undefined || right === undefined) return left ?? right;
  return Math.min(left, right);
}
