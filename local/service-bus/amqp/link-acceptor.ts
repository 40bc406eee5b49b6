import type { Connection, EventContext, Receiver, Sender, Session } from "rhea";
import type { Broker } from "../broker.ts";
import type { MessageEntity } from "../message-entity.ts";
import { serveSessionLink, SESSION_FILTER } from "./accept-session.ts";
import {
  type AmqpErrorFields,
  amqpErrors,
  MAX_MESSAGE_BYTES,
} from "./amqp-errors.ts";
import type { Claims, ClaimsDesk } from "./claims.ts";
import { serveIncomingLink } from "./incoming-link.ts";
import type { LinkContext } from "./link-context.ts";
import type { ManagementReply } from "./management-reply.ts";
import { serveOutgoingLink } from "./outgoing-link.ts";
import {
  type ReplyLinks,
  type RequestMessage,
  serveClaims,
  serveManagement,
} from "./request-link.ts";
import { localAttach } from "./rhea-internals.ts";

/** Connects the links that clients attach with what their addresses name. */
export interface LinkAcceptor {
  /** A client attached to receive. */
  openOutgoing(event: EventContext): void;
  /** A client attached to send. */
  openIncoming(event: EventContext): void;
  endSession(session: Session): void;
  endConnection(connection: Connection): void;
}

const CLAIMS = "$cbs";
const MANAGEMENT = /\/?\$management$/iu;

/** What an endpoint needs that lets nobody in without a token. */
export interface TokenAccess {
  readonly desk: ClaimsDesk;
  readonly putToken: (
    request: RequestMessage,
    claims: Claims,
  ) => Promise<ManagementReply>;
}

interface AcceptorParts {
  readonly broker: Broker;
  readonly context: LinkContext;
  /** Undefined where every client may do everything. */
  readonly access: TokenAccess | undefined;
  readonly replyLinks: WeakMap<Connection, ReplyLinks>;
  /** What to do when a link to a client ends. */
  readonly onEnd: Map<Sender, () => void>;
}

/** Creates the acceptor of one endpoint. */
export function createLinkAcceptor(
  broker: Broker,
  context: LinkContext,
  access: TokenAccess | undefined,
): LinkAcceptor {
  const onEnd = new Map<Sender, () => void>();
  const parts = { broker, context, access, replyLinks: new WeakMap(), onEnd };

  const endWhere = (isMeant: (sender: Sender) => boolean): void => {
    for (const sender of onEnd.keys()) {
      if (isMeant(sender)) end(parts, sender);
    }
  };

  return {
    openOutgoing: ({ sender }) => sender && openOutgoing(parts, sender),
    openIncoming: ({ receiver }) => receiver && openIncoming(parts, receiver),
    endSession: (session) => endWhere((link) => link.session === session),
    endConnection(connection) {
      endWhere((link) => link.connection === connection);
      access?.desk.end(connection);
    },
  };
}

function openOutgoing(parts: AcceptorParts, sender: Sender): void {
  const { broker, onEnd } = parts;
  const address = sender.source?.address;
  sender.on("sender_close", () => end(parts, sender));
  if (!isText(address)) {
    refuse(sender, unsupportedTerminus());
    return;
  }
  if (address !== CLAIMS && !admit(parts, sender, address)) return;
  if (address === CLAIMS || MANAGEMENT.test(address)) {
    acceptAttach(sender);
    onEnd.set(sender, openReplyLink(repliesOf(parts, sender), sender));
    return;
  }
  const entity = broker.resolve(address);
  if (entity === undefined) {
    refuse(sender, amqpErrors.entityNotFound(address));
  } else {
    openReceiving(parts, sender, entity);
  }
}

function openReceiving(
  { context, onEnd }: AcceptorParts,
  sender: Sender,
  entity: MessageEntity,
): void {
  const { sessions, noReceivers } = entity;
  const asksForSession = Object.hasOwn(
    sender.source.filter ?? {},
    SESSION_FILTER,
  );
  if (noReceivers !== undefined) {
    refuse(sender, amqpErrors.notAllowed(noReceivers));
  } else if (asksForSession && sessions !== undefined) {
    const serve = {
      accept: () => acceptAttach(sender),
      refuse: (error: AmqpErrorFields) => refuse(sender, error),
    };
    onEnd.set(
      sender,
      serveSessionLink({ sender, entity, sessions, context, ...serve }),
    );
  } else if (asksForSession) {
    refuse(sender, amqpErrors.sessionsNotHere());
  } else if (sessions !== undefined) {
    refuse(sender, amqpErrors.sessionsOnly());
  } else {
    acceptAttach(sender);
    onEnd.set(sender, serveOutgoingLink(sender, entity, context));
  }
}

function openIncoming(parts: AcceptorParts, receiver: Receiver): void {
  const { broker, context } = parts;
  const address = receiver.target?.address;
  if (!isText(address)) {
    refuse(receiver, unsupportedTerminus());
    return;
  }
  if (address === CLAIMS) {
    acceptAttach(receiver);
    const replies = repliesOf(parts, receiver);
    serveClaims(receiver, replies, context, putTokenOf(parts, receiver));
    return;
  }
  if (!admit(parts, receiver, address)) return;
  const entity = broker.resolve(address.replace(MANAGEMENT, ""));
  if (entity === undefined) {
    refuse(receiver, amqpErrors.entityNotFound(address));
  } else if (MANAGEMENT.test(address)) {
    acceptAttach(receiver);
    serveManagement(receiver, entity, repliesOf(parts, receiver), context);
  } else if (entity.intake === undefined) {
    refuse(
      receiver,
      amqpErrors.notAllowed("Messages cannot be sent to this entity."),
    );
  } else {
    acceptAttach(receiver);
    serveIncomingLink(receiver, entity.intake, context);
  }
}

/** Whether the connection's tokens cover the address; refuses the link when they do not. */
function admit(
  { access }: AcceptorParts,
  link: Sender | Receiver,
  address: string,
): boolean {
  const claims = access?.desk.of(link.connection);
  const isCovered = claims?.cover(address) ?? true;
  if (isCovered) {
    claims?.watch(link, address);
  } else {
    const reason = `Unauthorized access. No token covers the entity '${address}'.`;
    refuse(link, amqpErrors.unauthorized(reason));
  }
  return isCovered;
}

function putTokenOf(
  { access }: AcceptorParts,
  { connection }: Receiver,
): ((request: RequestMessage) => Promise<ManagementReply>) | undefined {
  return (
    access &&
    ((request) => access.putToken(request, access.desk.of(connection)))
  );
}

function end({ onEnd }: AcceptorParts, sender: Sender): void {
  onEnd.get(sender)?.();
  onEnd.delete(sender);
}

/** Makes the link known as a way to reply; the returned function forgets it. */
function openReplyLink(replies: ReplyLinks, sender: Sender): () => void {
  const names = [sender.name, sender.target?.address].filter(isText);
  for (const name of names) replies.set(name, sender);
  return () => {
    for (const name of names) {
      if (replies.get(name) === sender) replies.delete(name);
    }
  };
}

function repliesOf(
  { replyLinks }: AcceptorParts,
  link: Sender | Receiver,
): ReplyLinks {
  const replies = replyLinks.get(link.connection) ?? new Map<string, Sender>();
  replyLinks.set(link.connection, replies);
  return replies;
}

/** Answers the attach with the client's own terms; rhea writes the reply after this turn. */
function acceptAttach(link: Sender | Receiver): void {
  const attach = localAttach(link);
  if (isText(link.source?.address)) {
    link.set_source({ address: link.source.address });
  }
  if (isText(link.target?.address)) {
    link.set_target({ address: link.target.address });
  }
  if (link.is_sender()) {
    attach.snd_settle_mode = link.snd_settle_mode ?? 2;
    attach.rcv_settle_mode = link.rcv_settle_mode ?? 0;
  } else {
    attach.max_message_size = MAX_MESSAGE_BYTES;
  }
}

/** Answers the attach without source and target, as AMQP asks, and closes the link with the reason. */
function refuse(link: Sender | Receiver, error: AmqpErrorFields): void {
  link.close(error);
}

function unsupportedTerminus(): AmqpErrorFields {
  return amqpErrors.notImplemented(
    "The link has no address. Transactions are not supported locally.",
  );
}

function isText(value: unknown): value is string {
  return typeof value === "string" && value !== "";
}
