import type {
  ServiceBusClient,
  ServiceBusClientOptions,
  ServiceBusReceivedMessage,
  ServiceBusReceiver,
  ServiceBusSender,
} from "@azure/service-bus";

/** The queues that the contract needs, each empty when a test begins. */
export const contractQueues = {
  plain: { name: "plain", lockDurationMs: 60_000, maxDeliveryCount: 10 },
  twoDeliveries: { name: "two-deliveries", maxDeliveryCount: 2 },
  deadLettersExpired: {
    name: "dead-letters-expired",
    deadLetteringOnMessageExpiration: true,
  },
  shortLived: { name: "short-lived", defaultMessageTtlMs: 60_000 },
  deduplicating: {
    name: "deduplicating",
    duplicateDetectionWindowMs: 60_000,
  },
  sessions: {
    name: "sessions",
    requiresSession: true,
    lockDurationMs: 60_000,
    maxDeliveryCount: 2,
  },
  destination: { name: "destination" },
  forwarding: { name: "forwarding", forwardTo: "destination" },
  forwardingToTopic: { name: "forwarding-to-topic", forwardTo: "events" },
  forwardingDeadLetters: {
    name: "forwarding-dead-letters",
    forwardDeadLetteredMessagesTo: "destination",
  },
  there: { name: "there", forwardTo: "back" },
  back: { name: "back", forwardTo: "there" },
} as const;

/** The topics that the contract needs; their subscriptions empty, with these rules, when a test begins. */
export const contractTopics = {
  events: {
    name: "events",
    subscriptions: [
      { name: "all", maxDeliveryCount: 2 },
      {
        name: "large",
        rules: [
          {
            name: "by-size",
            filter: { sqlExpression: "size >= 10 AND sys.Label LIKE 'order%'" },
          },
        ],
      },
      {
        name: "north",
        rules: [
          {
            name: "by-region",
            filter: {
              subject: "order",
              applicationProperties: { region: "N" },
            },
          },
        ],
      },
      { name: "ordered", requiresSession: true },
      {
        name: "strict",
        rules: [
          { name: "calculates", filter: { sqlExpression: "size / parts > 1" } },
        ],
        deadLetteringOnFilterEvaluationExceptions: true,
      },
      {
        name: "forwarded",
        rules: [{ name: "to-queue", filter: { subject: "forward" } }],
        forwardTo: "destination",
      },
    ],
  },
} as const;

/** A namespace, local or real, with the queues and topics above. */
export interface NamespaceUnderTest {
  connect(options: ServiceBusClientOptions): ServiceBusClient;
  /** Lets time pass in the namespace: at once on a virtual clock, by waiting on a real one. */
  elapse(ms: number): Promise<void>;
  close(): Promise<void>;
}

export type QueueName =
  (typeof contractQueues)[keyof typeof contractQueues]["name"];

/** What the contract's tests work with; a new client and a new namespace for each. */
export interface ContractBench {
  client(): ServiceBusClient;
  namespace(): NamespaceUnderTest;
  /** A sender and a receiver, without automatic renewal of locks. */
  open(name?: QueueName): {
    readonly sender: ServiceBusSender;
    readonly receiver: ServiceBusReceiver;
  };
  openDeadLetters(name?: QueueName): ServiceBusReceiver;
}

export async function receiveOne(
  receiver: ServiceBusReceiver,
): Promise<ServiceBusReceivedMessage> {
  const [message] = await receiver.receiveMessages(1, {
    maxWaitTimeInMs: 10_000,
  });
  if (message === undefined) throw new Error("no message came");
  return message;
}

/** What still comes, when nothing should. */
export function leftIn(
  receiver: ServiceBusReceiver,
): Promise<ServiceBusReceivedMessage[]> {
  return receiver.receiveMessages(1, { maxWaitTimeInMs: 50 });
}

export async function settleAll(
  receiver: ServiceBusReceiver,
  messages: readonly ServiceBusReceivedMessage[],
): Promise<void> {
  await Promise.all(messages.map((m) => receiver.completeMessage(m)));
}

export function numberOf(message: ServiceBusReceivedMessage): number {
  return message.sequenceNumber?.toNumber() ?? Number.NaN;
}
