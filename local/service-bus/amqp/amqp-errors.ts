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
  lockLost: () => ({
    condition: "com.microsoft:message-lock-lost",
    description:
      "The lock supplied is invalid. Either the lock expired, or the message has already been removed from the queue.",
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
