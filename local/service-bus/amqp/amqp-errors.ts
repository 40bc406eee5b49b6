/** An error as AMQP carries it; the client turns the condition into its `ServiceBusError.code`. */
export interface AmqpErrorFields {
  readonly condition: string;
  readonly description: string;
}

/** The largest message, and the largest batch, of the standard tier. */
export const MAX_MESSAGE_BYTES = 256 * 1024;

export const amqpErrors = {
  /** The client recognises this wording, and only it, as MessagingEntityNotFound. */
  entityNotFound: (address: string) => ({
    condition: "amqp:not-found",
    description: `The messaging entity '${address}' could not be found.`,
  }),
  alreadyExists: (name: string) => ({
    condition: "com.microsoft:entity-already-exists",
    description: `The messaging entity '${name}' already exists.`,
  }),
  lockLost: () => ({
    condition: "com.microsoft:message-lock-lost",
    description:
      "The lock supplied is invalid. Either the lock expired, or the message has already been removed from the queue.",
  }),
  sessionLockLost: () => ({
    condition: "com.microsoft:session-lock-lost",
    description:
      "The session lock has expired. Accept the session again to go on with it.",
  }),
  sessionCannotBeLocked: (sessionId: string) => ({
    condition: "com.microsoft:session-cannot-be-locked",
    description: `The requested session '${sessionId}' cannot be accepted. It may be locked by another receiver.`,
  }),
  noSessionInTime: () => ({
    condition: "com.microsoft:timeout",
    description:
      "The operation did not complete within the allotted timeout: no session with messages is free.",
  }),
  sessionsNotHere: () => ({
    condition: "amqp:not-allowed",
    description:
      "A sessionful message receiver cannot be created on an entity that does not require sessions.",
  }),
  sessionsOnly: () => ({
    condition: "amqp:not-allowed",
    description:
      "It is not possible for an entity that requires sessions to create a non-sessionful message receiver.",
  }),
  sessionIdMissing: () => ({
    condition: "amqp:not-allowed",
    description:
      "The SessionId was not set on a message, and it cannot be sent to the entity. Entities that have session support enabled can only receive messages that have the SessionId set to a valid value.",
  }),
  messageNotFound: () => ({
    condition: "com.microsoft:message-not-found",
    description:
      "A message with one of the sequence numbers is not in the queue, or not in the state that the operation needs.",
  }),
  tooLarge: () => ({
    condition: "amqp:link:message-size-exceeded",
    description: `The message is larger than the ${MAX_MESSAGE_BYTES} bytes that a queue takes.`,
  }),
  malformed: () => ({
    condition: "amqp:decode-error",
    description: "The bytes sent are not an AMQP 1.0 message.",
  }),
  unauthorized: (description: string) => ({
    condition: "amqp:unauthorized-access",
    description,
  }),
  notAllowed: (description: string) => ({
    condition: "amqp:not-allowed",
    description,
  }),
  notImplemented: (description: string) => ({
    condition: "amqp:not-implemented",
    description,
  }),
  argument: (description: string) => ({
    condition: "com.microsoft:argument-error",
    description,
  }),
  internal: () => ({
    condition: "amqp:internal-error",
    description: "The endpoint failed to handle the request.",
  }),
  closing: () => ({
    condition: "amqp:connection:forced",
    description: "The endpoint is shutting down.",
  }),
} as const satisfies Record<string, (...words: string[]) => AmqpErrorFields>;
