import type { Typed } from "rhea";
import type { HandedMessage, Settlement } from "../lane-moves.ts";
import type { MessageEntity } from "../message-entity.ts";
import { STORED_STATES } from "../message-store.ts";
import { amqpErrors, MAX_MESSAGE_BYTES } from "./amqp-errors.ts";
import {
  encodeForDelivery,
  type MapEntry,
  readMessage,
} from "./message-codec.ts";
import {
  badRequest,
  isRecord,
  listOf,
  lockLost,
  type ManagementReply,
  type ManagementRequest,
  messageNotFound,
  type Operation,
  sessionIdOf,
  sessionLost,
  toNumber,
} from "./management-reply.ts";
import { amqpTypes } from "./rhea-internals.ts";
import { ruleOperations } from "./rule-operations.ts";
import { sessionOperations } from "./session-operations.ts";
import { edited } from "./to-settlement.ts";

const ARRAY_OF_LONG = 0x81;
const ARRAY_OF_TIMESTAMP = 0x83;
const MAX_PEEKED = 256;

const operations: Readonly<Record<string, Operation>> = {
  "com.microsoft:schedule-message": scheduleMessages,
  "com.microsoft:cancel-scheduled-message": cancelScheduledMessages,
  "com.microsoft:peek-message": peekMessages,
  "com.microsoft:renew-lock": renewLocks,
  "com.microsoft:receive-by-sequence-number": receiveDeferred,
  "com.microsoft:update-disposition": updateDisposition,
  ...sessionOperations,
  ...ruleOperations,
};

/**
 * Runs one operation of `<entity>/$management`. Call it inside the commit loop, and send the reply after the commit.
 *
 * @throws MalformedMessage when a message to schedule is not AMQP.
 */
export function runManagementOperation(
  name: string,
  entity: MessageEntity,
  request: ManagementRequest,
  linkName?: string,
): ManagementReply {
  const operation = Object.hasOwn(operations, name)
    ? operations[name]
    : undefined;
  if (operation !== undefined) return operation(entity, request, linkName);
  return {
    status: 501,
    error: amqpErrors.notImplemented(
      "The local endpoint does not know this management operation.",
    ),
  };
}

function scheduleMessages(
  entity: MessageEntity,
  request: ManagementRequest,
): ManagementReply {
  const { intake } = entity;
  if (intake === undefined)
    return badRequest("Nothing is sent to this entity.");
  const entries = listOf(request["messages"]);
  const encoded = entries.map((entry) =>
    isRecord(entry) ? entry["message"] : undefined,
  );
  if (!encoded.every((bytes) => Buffer.isBuffer(bytes))) {
    return badRequest("A message is missing.");
  }
  if (encoded.some((bytes) => bytes.length > MAX_MESSAGE_BYTES)) {
    return { status: 400, error: amqpErrors.tooLarge() };
  }
  const messages = encoded.map(readMessage);
  if (!intake.takes(messages)) {
    return { status: 400, error: amqpErrors.sessionIdMissing() };
  }
  const sequenceNumbers = intake.send(messages);
  return {
    status: 200,
    body: {
      "sequence-numbers": amqpTypes.wrap_array(sequenceNumbers, ARRAY_OF_LONG),
    },
  };
}

function cancelScheduledMessages(
  entity: MessageEntity,
  request: ManagementRequest,
): ManagementReply {
  const isCancelled = entity.lane.cancelScheduled(sequenceNumbersOf(request));
  return isCancelled ? { status: 200 } : messageNotFound();
}

function peekMessages(
  entity: MessageEntity,
  request: ManagementRequest,
): ManagementReply {
  const limit = Number(request["message-count"]) || 1;
  const page = entity.lane.peek(
    toNumber(request["from-sequence-number"]),
    Math.min(Math.max(Math.trunc(limit), 1), MAX_PEEKED),
    sessionIdOf(request),
  );
  let bytes = 0;
  const messages = [];
  for (const message of page) {
    const encoded = encodeForDelivery(message.content, {
      ...message,
      deliveryCount: message.deliveries,
      state: STORED_STATES[message.state],
    });
    bytes += encoded.length;
    if (messages.length > 0 && bytes > MAX_MESSAGE_BYTES) break;
    messages.push({ message: encoded });
  }
  return messages.length === 0
    ? { status: 204 }
    : { status: 200, body: { messages } };
}

function renewLocks(
  entity: MessageEntity,
  request: ManagementRequest,
): ManagementReply {
  if (entity.sessions !== undefined) {
    return badRequest("The locks of a session's messages end with its own.");
  }
  const tokens = lockTokensOf(request);
  if (!tokens.every((token) => entity.lane.holdsLock(token))) return lockLost();
  const ends = tokens.map((token) => entity.lane.renew(token));
  return {
    status: 200,
    body: { expirations: amqpTypes.wrap_array(ends, ARRAY_OF_TIMESTAMP) },
  };
}

function receiveDeferred(
  entity: MessageEntity,
  request: ManagementRequest,
): ManagementReply {
  const mode = request["receiver-settle-mode"] === 0 ? "take" : "lock";
  const sessionId = sessionIdOf(request);
  const session =
    sessionId === undefined ? undefined : entity.sessions?.held(sessionId);
  if (sessionId !== undefined && session === undefined) return sessionLost();
  const messages = entity.lane.receiveDeferred(
    sequenceNumbersOf(request),
    mode,
    session,
  );
  if (messages === undefined) return messageNotFound();
  return { status: 200, body: { messages: messages.map(toDeferredEntry) } };
}

function toDeferredEntry(message: HandedMessage): Record<string, unknown> {
  const { lock } = message;
  const encoded = encodeForDelivery(message.content, {
    ...message,
    lockedUntil: lock?.until,
    state: STORED_STATES.deferred,
  });
  return lock === undefined
    ? { message: encoded }
    : {
        message: encoded,
        "lock-token": amqpTypes.wrap_uuid(Buffer.from(lock.token, "hex")),
      };
}

function updateDisposition(
  entity: MessageEntity,
  request: ManagementRequest,
): ManagementReply {
  const settlement = settlementOf(request);
  if (settlement === undefined) return badRequest("Unknown disposition.");
  const tokens = lockTokensOf(request);
  if (!tokens.every((token) => entity.lane.holdsLock(token))) return lockLost();
  for (const token of tokens) entity.lane.settle(token, settlement);
  return { status: 200 };
}

function settlementOf(request: ManagementRequest): Settlement | undefined {
  const changes = entriesOf(request["properties-to-modify"]);
  switch (request["disposition-status"]) {
    case "completed":
      return { event: "complete" };
    case "abandoned":
      return edited("abandon", changes);
    case "defered":
      return edited("defer", changes);
    case "suspended":
      return edited("deadLetter", [
        ...changes,
        ["DeadLetterReason", amqpTypes.wrap(request["deadletter-reason"])],
        [
          "DeadLetterErrorDescription",
          amqpTypes.wrap(request["deadletter-description"]),
        ],
      ]);
    default:
      return undefined;
  }
}

function entriesOf(map: unknown): MapEntry[] {
  if (!isRecord(map)) return [];
  return Object.entries(map).map(([key, value]): [string, Typed] => [
    key,
    amqpTypes.wrap(value),
  ]);
}

function sequenceNumbersOf(request: ManagementRequest): number[] {
  return listOf(request["sequence-numbers"]).map(toNumber);
}

function lockTokensOf(request: ManagementRequest): string[] {
  return listOf(request["lock-tokens"]).map((token) =>
    Buffer.isBuffer(token) ? token.toString("hex") : "",
  );
}
