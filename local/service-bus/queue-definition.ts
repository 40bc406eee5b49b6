import type { RuleDefinition } from "./filters/rule-definition.ts";

/** What queues and subscriptions have in common; the defaults are Service Bus' own. */
interface ReceivedDefinition {
  readonly name: string;
  /** How long a receiver has to settle a message. Default 60 000. */
  readonly lockDurationMs?: number;
  /** Deliveries after which a message is dead-lettered. Default 10. */
  readonly maxDeliveryCount?: number;
  /** The longest time that a message waits. Default: for ever. */
  readonly defaultMessageTtlMs?: number;
  /** Whether expired messages are dead-lettered (else dropped). Default false. */
  readonly deadLetteringOnMessageExpiration?: boolean;
  /** Whether every message belongs to a session, and is received by who holds that session. Default false. */
  readonly requiresSession?: boolean;
  /** The queue or topic that gets every message. Not together with sessions. */
  readonly forwardTo?: string;
  /** The queue or topic that gets every dead letter. */
  readonly forwardDeadLetteredMessagesTo?: string;
}

interface DeduplicatingDefinition {
  /** Set it to drop messages whose MessageId was sent within this time. Default: no detection. */
  readonly duplicateDetectionWindowMs?: number;
}

/** A queue and its settings. */
export interface QueueDefinition
  extends ReceivedDefinition, DeduplicatingDefinition {}

/** A topic, with all that subscribe to it. */
export interface TopicDefinition extends DeduplicatingDefinition {
  readonly name: string;
  /** The longest time that a message waits in a subscription. Default: for ever. */
  readonly defaultMessageTtlMs?: number;
  readonly subscriptions: readonly SubscriptionDefinition[];
}

/** A subscription and its settings. */
export interface SubscriptionDefinition extends ReceivedDefinition {
  /** Default: one rule that every message matches. */
  readonly rules?: readonly RuleDefinition[];
  /** Whether a message on which a rule cannot be evaluated is dead-lettered (else it does not match). Default true. */
  readonly deadLetteringOnFilterEvaluationExceptions?: boolean;
}

/** Service Bus' defaults for a queue. */
export const queueDefaults = {
  lockDurationMs: 60_000,
  maxDeliveryCount: 10,
  duplicateDetectionWindowMs: 10 * 60_000,
} as const;

/** Where the messages of a subscription are received. */
export function subscriptionPath(topic: string, subscription: string): string {
  return `${topic}/Subscriptions/${subscription}`;
}
