import { withEnqueueSequenceNumber } from "./amqp/message-codec.ts";
import { toFilterSubject } from "./amqp/to-filter-subject.ts";
import { createDuplicateDetection } from "./duplicate-detection.ts";
import { createForwarder, type Forwarder } from "./forwarder.ts";
import {
  createEntity,
  type MessageEntity,
  type MessageIntake,
  type SentMessage,
} from "./message-entity.ts";
import {
  type EndpointParts,
  type MessageQueue,
  openMessageQueue,
} from "./message-queue.ts";
import {
  queueDefaults,
  type SubscriptionDefinition,
  subscriptionPath,
  type TopicDefinition,
} from "./queue-definition.ts";
import { openRuleBook, type RuleBook } from "./rule-book.ts";
import { createSequence } from "./sequence.ts";

export interface Subscription {
  readonly name: string;
  readonly definition: SubscriptionDefinition;
  readonly queue: MessageQueue;
  readonly rules: RuleBook;
}

/** A topic: what is sent to it goes to each subscription of which a rule matches. */
export interface MessageTopic extends MessageIntake {
  readonly name: string;
  readonly definition: TopicDefinition;
  /** Holds what is scheduled, until it is due. */
  readonly main: MessageEntity;
  readonly subscriptions: readonly Subscription[];
  readonly createdAt: number;
  readonly openedAt: number;
  readonly accessedAt: number;
  /** The bytes of its scheduled messages, and of what lies in its subscriptions. */
  sizeBytes(): number;
  readonly forwarder: Forwarder;
}

/**
 * Opens a topic with its subscriptions. A message is handed on in the turn in which it is sent: it lies in the topic
 * itself only while it is scheduled. Call it inside the commit loop.
 */
export function openMessageTopic(
  definition: TopicDefinition,
  parts: EndpointParts,
): MessageTopic {
  const { store, now } = parts;
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
  const isDuplicate = createDuplicateDetection(
    { ...parts, windowMs: definition.duplicateDetectionWindowMs },
    id,
  );
  const subscriptions = definition.subscriptions.map((subscription) =>
    openSubscription(definition, subscription, parts),
  );
  const main = createEntity({
    ...parts,
    address: definition.name,
    store: store.lane(id, "main"),
    sessionStore: store.sessions(id),
    policy: {
      lockDurationMs: queueDefaults.lockDurationMs,
      maxDeliveryCount: Infinity,
      deadLettersExpired: false,
      expires: true,
      requiresSession: false,
    },
    nextSequenceNumber,
    deadLetters: undefined,
    intake: () => topic,
    rules: undefined,
    noReceivers:
      "Messages of a topic are received from its subscriptions, not from itself.",
    touch,
  });

  const topic: MessageTopic = {
    name: definition.name,
    definition,
    main,
    subscriptions,
    createdAt,
    openedAt,
    get accessedAt() {
      return accessedAt;
    },
    sizeBytes: () =>
      store.sizeOf(id) +
      subscriptions.reduce((sum, { queue }) => sum + queue.sizeBytes(), 0),
    takes: () => true,
    send(messages) {
      touch();
      return messages.map((message) => {
        const sequenceNumber = nextSequenceNumber();
        if (isDuplicate(message.messageId)) return sequenceNumber;
        if ((message.scheduledFor ?? 0) > now()) {
          main.lane.add(
            {
              ...message,
              id: store.nextMessageId(),
              sequenceNumber,
              state: "scheduled",
              deliveries: 0,
              enqueuedAt: now(),
              hops: message.hops ?? 0,
            },
            message.content,
          );
        } else {
          publish(topic, message, sequenceNumber);
        }
        return sequenceNumber;
      });
    },
    forwarder: createForwarder({
      from: main,
      forward: (message, { sequenceNumber }) =>
        publish(topic, message, sequenceNumber),
    }),
  };
  main.lane.load();
  return topic;
}

function openSubscription(
  { name: topic, defaultMessageTtlMs }: TopicDefinition,
  definition: SubscriptionDefinition,
  parts: EndpointParts,
): Subscription {
  let rules: RuleBook | undefined;
  const ttlMs = Math.min(
    definition.defaultMessageTtlMs ?? Infinity,
    defaultMessageTtlMs ?? Infinity,
  );
  const queue = openMessageQueue({
    ...parts,
    definition: {
      ...definition,
      name: subscriptionPath(topic, definition.name),
      ...(ttlMs !== Infinity && { defaultMessageTtlMs: ttlMs }),
    },
    openRules(queueId) {
      const store = parts.store.rules(queueId);
      const { now } = parts;
      rules = openRuleBook({ store, declared: definition.rules, now });
      return rules;
    },
  });
  if (rules === undefined) throw new Error("A subscription has rules.");
  return { name: definition.name, definition, queue, rules };
}

/** Gives each subscription its own copy, under a number of its own. */
function publish(
  { subscriptions }: MessageTopic,
  message: SentMessage,
  sequenceNumber: number,
): void {
  const subject = toFilterSubject(message.content);
  const copy: SentMessage = {
    ...message,
    scheduledFor: undefined,
    content: withEnqueueSequenceNumber(message.content, sequenceNumber),
  };
  for (const { queue, rules, definition } of subscriptions) {
    const { isMatch, failure } = rules.match(subject);
    const isRefused =
      failure !== undefined &&
      (definition.deadLetteringOnFilterEvaluationExceptions ?? true);
    if (isRefused) queue.refuse(copy, "FilterException", failure);
    else if (isMatch) queue.send([copy]);
  }
}
