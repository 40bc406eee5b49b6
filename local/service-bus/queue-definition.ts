/** A queue and its settings; the defaults are Service Bus' own. */
export interface QueueDefinition {
  readonly name: string;
  /** How long a receiver has to settle a message. Default 60 000. */
  readonly lockDurationMs?: number;
  /** Deliveries after which a message is dead-lettered. Default 10. */
  readonly maxDeliveryCount?: number;
  /** Set it to drop messages whose MessageId was sent within this time. Default: no detection. */
  readonly duplicateDetectionWindowMs?: number;
  /** The longest time that a message waits. Default: for ever. */
  readonly defaultMessageTtlMs?: number;
  /** Whether expired messages are dead-lettered (else dropped). Default false. */
  readonly deadLetteringOnMessageExpiration?: boolean;
}

/** Service Bus' defaults for a queue. */
export const queueDefaults = {
  lockDurationMs: 60_000,
  maxDeliveryCount: 10,
  duplicateDetectionWindowMs: 10 * 60_000,
} as const;
