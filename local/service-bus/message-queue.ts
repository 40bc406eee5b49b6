import {
  withDeadLetterReason,
  withDeadLetterSource,
} from "./amqp/message-codec.ts";
import { createDuplicateDetection } from "./duplicate-detection.ts";
import { createAutoForwarder, type Forwarder } from "./forwarder.ts";
import {
  createEntity,
  type EntityOptions,
  type MessageEntity,
  type MessageIntake,
  type SentMessage,
} from "./message-entity.ts";
import type { MessageStore, StoredMessage } from "./message-store.ts";
import { type QueueDefinition, queueDefaults } from "./queue-definition.ts";
import type { RuleBook } from "./rule-book.ts";
import { createSequence } from "./sequence.ts";
import type { Timers } from "./timers.ts";

/** A queue, or what a subscription is but for its rules. */
export interface MessageQueue extends MessageIntake {
  readonly name: string;
  readonly definition: QueueDefinition;
  readonly main: MessageEntity;
  readonly deadLetters: MessageEntity;
  /** What could not be forwarded. */
  readonly transferDeadLetters: MessageEntity;
  readonly forwarders: readonly Forwarder[];
  /** The first time that this queue was defined, in milliseconds since the epoch. */
  readonly createdAt: number;
  /** When the endpoint took up the queue with its present settings. */
  readonly openedAt: number;
  /** When messages were last sent or asked for, or when the queue was opened. */
  readonly accessedAt: number;
  /** The bytes of all its messages, dead letters included; read from the disk. */
  sizeBytes(): number;
  /** Puts a message that never was in the queue among its dead letters. Call it inside the commit loop. */
  refuse(message: SentMessage, reason: string, description: string): void;
}

/** What all entities of an endpoint share. */
export interface EndpointParts {
  readonly store: MessageStore;
  readonly timers: Timers;
  readonly now: () => number;
  readonly transact: (operation: () => void) => void;
  /** What takes messages under a name; asked once all entities are open. @throws RangeError when nothing does. */
  readonly intakeOf: (name: string) => MessageIntake;
}

export interface MessageQueueOptions extends EndpointParts {
  readonly definition: QueueDefinition;
  /** What makes it a subscription: nobody sends to it but its topic. */
  readonly openRules?: (queueId: number) => RuleBook;
}

/** Opens a queue with its dead-letter queue and brings its messages into memory. Call it inside the commit loop. */
export function openMessageQueue(options: MessageQueueOptions): MessageQueue {
  const { definition, store, now, timers } = options;
  const openedAt = now();
  const { id, reservedSequence, createdAt } = store.openQueue(
    definition.name,
    openedAt,
  );
  let accessedAt = openedAt;
  const rules = options.openRules?.(id);
  const nextSequenceNumber = createSequence(
    reservedSequence,
    store.reserveSequence.bind(store, id),
  );
  const isDuplicate = createDuplicateDetection(
    { store, timers, now, windowMs: definition.duplicateDetectionWindowMs },
    id,
  );
  const common = {
    ...options,
    sessionStore: store.sessions(id),
    nextSequenceNumber,
    touch() {
      accessedAt = now();
    },
  };
  const deadLetters = createDeadLetters(common, id, "deadLetter");
  const transferDeadLetters = createDeadLetters(
    common,
    id,
    "transferDeadLetter",
  );
  const main = createMain(common, id, {
    deadLetters: deadLetters.lane,
    rules,
    intake: () => (rules === undefined ? queue : undefined),
  });
  const toRow = createToRow(options, nextSequenceNumber);
  const refuseInto =
    ({ lane }: MessageEntity): MessageQueue["refuse"] =>
    (message, reason, description) =>
      lane.add(
        toRow(message),
        withDeadLetterReason(message.content, reason, description),
      );

  const queue: MessageQueue = {
    name: definition.name,
    definition,
    main,
    deadLetters,
    transferDeadLetters,
    createdAt,
    openedAt,
    get accessedAt() {
      return accessedAt;
    },
    sizeBytes: () => store.sizeOf(id),
    takes: (messages) =>
      main.sessions === undefined ||
      messages.every(({ sessionId }) => sessionId !== undefined),
    send(messages) {
      common.touch();
      return messages.map((message) => {
        const row = toRow(message);
        if (!isDuplicate(message.messageId)) {
          main.lane.add(row, message.content);
        }
        return row.sequenceNumber;
      });
    },
    refuse: refuseInto(deadLetters),
    forwarders: createForwarders(options, {
      main,
      deadLetters,
      refuse: refuseInto(transferDeadLetters),
    }),
  };
  transferDeadLetters.lane.load();
  deadLetters.lane.load();
  main.lane.load();
  return queue;
}

/** Gives a message that comes in its number, and its place among the scheduled or the active ones. */
function createToRow(
  { definition, store, now }: MessageQueueOptions,
  nextSequenceNumber: () => number,
): (message: SentMessage) => StoredMessage {
  return ({ ttlMs, scheduledFor, sessionId, hops = 0 }) => {
    const isScheduled = (scheduledFor ?? 0) > now();
    return {
      id: store.nextMessageId(),
      state: isScheduled ? "scheduled" : "active",
      sequenceNumber: nextSequenceNumber(),
      deliveries: 0,
      enqueuedAt: now(),
      scheduledFor: isScheduled ? scheduledFor : undefined,
      ttlMs: shorter(ttlMs, definition.defaultMessageTtlMs),
      sessionId,
      hops,
    };
  };
}

type CommonOptions = MessageQueueOptions &
  Pick<EntityOptions, "sessionStore" | "nextSequenceNumber" | "touch">;

function createMain(
  options: CommonOptions,
  queueId: number,
  parts: Pick<EntityOptions, "deadLetters" | "rules" | "intake">,
): MessageEntity {
  const { definition, store } = options;
  return createEntity({
    ...options,
    ...parts,
    address: definition.name,
    noReceivers:
      definition.forwardTo === undefined
        ? undefined
        : "Messages of an entity with auto-forwarding are received where they are forwarded to.",
    store: store.lane(queueId, "main"),
    policy: {
      lockDurationMs: definition.lockDurationMs ?? queueDefaults.lockDurationMs,
      maxDeliveryCount:
        definition.maxDeliveryCount ?? queueDefaults.maxDeliveryCount,
      deadLettersExpired: definition.deadLetteringOnMessageExpiration ?? false,
      expires: true,
      requiresSession: definition.requiresSession ?? false,
    },
  });
}

const deadLetterAddress = {
  deadLetter: "$deadletterqueue",
  transferDeadLetter: "$transfer/$deadletterqueue",
} as const;

/** Nothing leaves a dead-letter queue but by a receiver's hand, or by being forwarded. */
function createDeadLetters(
  options: CommonOptions,
  queueId: number,
  kind: keyof typeof deadLetterAddress,
): MessageEntity {
  const { definition, store } = options;
  return createEntity({
    ...options,
    address: `${definition.name}/${deadLetterAddress[kind]}`,
    noReceivers:
      kind === "deadLetter" &&
      definition.forwardDeadLetteredMessagesTo !== undefined
        ? "The dead letters of this entity are received where they are forwarded to."
        : undefined,
    store: store.lane(queueId, kind),
    policy: {
      lockDurationMs: definition.lockDurationMs ?? queueDefaults.lockDurationMs,
      maxDeliveryCount: Infinity,
      deadLettersExpired: false,
      expires: false,
      requiresSession: false,
    },
    deadLetters: undefined,
    intake: () => undefined,
    rules: undefined,
  });
}

function createForwarders(
  { definition, intakeOf }: MessageQueueOptions,
  parts: Pick<MessageQueue, "main" | "deadLetters" | "refuse">,
): Forwarder[] {
  const { name, forwardTo, forwardDeadLetteredMessagesTo } = definition;
  const { main, deadLetters, refuse } = parts;
  const forwarders: Forwarder[] = [];
  if (forwardTo !== undefined) {
    const to = (): MessageIntake => intakeOf(forwardTo);
    forwarders.push(createAutoForwarder({ from: main, to, refuse }));
  }
  if (forwardDeadLetteredMessagesTo !== undefined) {
    forwarders.push(
      createAutoForwarder({
        from: deadLetters,
        to: () => intakeOf(forwardDeadLetteredMessagesTo),
        refuse,
        edit: (content) => withDeadLetterSource(content, name),
      }),
    );
  }
  return forwarders;
}

function shorter(
  left: number | undefined,
  right: number | undefined,
): number | undefined {
  if (left === undefined || right === undefined) return left ?? right;
  return Math.min(left, right);
}
