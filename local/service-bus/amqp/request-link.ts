import type { EventContext, Receiver, Sender } from "rhea";
import type { MessageEntity } from "../message-entity.ts";
import { amqpErrors, MAX_MESSAGE_BYTES } from "./amqp-errors.ts";
import { describeError, type LinkContext } from "./link-context.ts";
import { runManagementOperation } from "./management-operations.ts";
import type { ManagementReply, ManagementRequest } from "./management-reply.ts";
import { amqpMessages, presettle, senderInternals } from "./rhea-internals.ts";

/** The links on which a connection's clients await replies, by the address they gave, or by name. */
export type ReplyLinks = Map<string, Sender>;

/** A request message, decoded. */
export type RequestMessage = Readonly<Record<string, unknown>>;

type Handle = (
  request: RequestMessage,
  answer: (reply: ManagementReply) => void,
) => void;

/** Serves `$cbs`; without `putToken` the endpoint takes every token. */
export function serveClaims(
  receiver: Receiver,
  replies: ReplyLinks,
  context: LinkContext,
  putToken: ((request: RequestMessage) => Promise<ManagementReply>) | undefined,
): void {
  serveRequests(receiver, replies, context, (request, answer) => {
    if (putToken === undefined) answer({ status: 200 });
    else void putToken(request).then(answer);
  });
}

/** Serves the `$management` node of an entity. */
export function serveManagement(
  receiver: Receiver,
  entity: MessageEntity,
  replies: ReplyLinks,
  context: LinkContext,
): void {
  serveRequests(receiver, replies, context, (request, answer) => {
    const reply = runOperation(entity, request, context);
    context.afterCommit(() => answer(reply));
  });
}

function serveRequests(
  receiver: Receiver,
  replies: ReplyLinks,
  context: LinkContext,
  handle: Handle,
): void {
  receiver.on("message", (event: EventContext) => {
    event.delivery?.accept();
    const bytes = event.message as unknown as Buffer;
    const request = decode(bytes);
    if (request === undefined && bytes.length > MAX_MESSAGE_BYTES) {
      // It was cut, its address for the reply with it: the end of the link is the one answer that the client gets.
      receiver.close(amqpErrors.tooLarge());
      return;
    }
    const sender = replies.get(String(request?.["reply_to"]));
    if (request === undefined || sender === undefined) {
      context.log("warn", "service-bus: a request without a way to reply");
      return;
    }
    handle(request, (reply) => sendReply(sender, request["message_id"], reply));
  });
}

function decode(bytes: Buffer): RequestMessage | undefined {
  try {
    return amqpMessages.decode(bytes);
  } catch {
    return undefined;
  }
}

/** The application properties of a request: what is asked, and of what. */
export function propertiesOf(request: RequestMessage): RequestMessage {
  return (request["application_properties"] ?? {}) as RequestMessage;
}

function runOperation(
  entity: MessageEntity,
  request: RequestMessage,
  context: LinkContext,
): ManagementReply {
  const properties = propertiesOf(request);
  const operation = String(properties["operation"]);
  const linkName = properties["associated-link-name"];
  const body = (request["body"] ?? {}) as ManagementRequest;
  try {
    return context.transact(() =>
      runManagementOperation(
        operation,
        entity,
        body,
        typeof linkName === "string" ? linkName : undefined,
      ),
    );
  } catch (error) {
    context.log(
      "error",
      `service-bus: a management request failed: ${describeError(error)}`,
    );
    return { status: 400, error: amqpErrors.malformed() };
  }
}

function sendReply(
  sender: Sender,
  requestId: unknown,
  reply: ManagementReply,
): void {
  const { outgoing } = senderInternals(sender).session;
  if (!sender.is_open() || outgoing.available() === 0) return;
  const error = "error" in reply ? reply.error : undefined;
  const description = error?.description ?? "OK";
  const bytes = amqpMessages.encode({
    correlation_id: requestId,
    application_properties: {
      // Service Bus' libraries look for one spelling or the other.
      statusCode: reply.status,
      "status-code": reply.status,
      statusDescription: description,
      "status-description": description,
      ...(error && {
        errorCondition: error.condition,
        "error-condition": error.condition,
      }),
    },
    body: "body" in reply ? reply.body : undefined,
  });
  presettle(sender.send(bytes, undefined, 0));
}
