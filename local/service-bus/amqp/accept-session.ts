import type { Sender } from "rhea";
import type { MessageEntity } from "../message-entity.ts";
import type { HeldSession, SessionDesk } from "../session-desk.ts";
import { type AmqpErrorFields, amqpErrors } from "./amqp-errors.ts";
import type { LinkContext } from "./link-context.ts";
import { serveOutgoingLink } from "./outgoing-link.ts";
import { amqpTypes, deferAttach, localAttach } from "./rhea-internals.ts";

export const SESSION_FILTER = "com.microsoft:session-filter";
const TIMEOUT = "com.microsoft:timeout";
/** How long Service Bus waits for a session when the client does not say. */
const DEFAULT_TIMEOUT_MS = 65_000;
/** .NET's ticks: 100 ns since the year 1. */
const EPOCH_TICKS = 621_355_968_000_000_000n;

export interface AcceptSession {
  readonly sender: Sender;
  readonly entity: MessageEntity;
  readonly sessions: SessionDesk;
  readonly context: LinkContext;
  /** Answers the attach with the client's terms. */
  readonly accept: () => void;
  readonly refuse: (error: AmqpErrorFields) => void;
}

/**
 * Serves a link that asks for a session: a named one, or the next that is free, for which it may wait. The answer to the
 * attach names the session and the end of its lock.
 *
 * @returns what to call when the link has ended.
 */
export function serveSessionLink(options: AcceptSession): () => void {
  const { sender, sessions } = options;
  const wanted: unknown = sender.source.filter?.[SESSION_FILTER];
  if (typeof wanted !== "string") return awaitNextSession(options);
  const session = sessions.accept(wanted, toHolder(sender));
  if (session === undefined) {
    options.refuse(amqpErrors.sessionCannotBeLocked(wanted));
    return () => {};
  }
  return serve(options, session);
}

function awaitNextSession(options: AcceptSession): () => void {
  const { sender, sessions, context } = options;
  const answer = deferAttach(sender);
  const deadline = context.timers.set(context.now() + timeoutOf(sender), () => {
    cancel();
    context.afterCommit(() => {
      answer();
      options.refuse(amqpErrors.noSessionInTime());
    });
  });
  let end = (): void => {
    cancel();
    context.timers.cancel(deadline);
    answer();
  };
  const cancel = sessions.acceptNext(toHolder(sender), (session) => {
    context.timers.cancel(deadline);
    answer();
    end = serve(options, session);
  });
  return () => end();
}

function serve(
  { sender, entity, context, accept }: AcceptSession,
  session: HeldSession,
): () => void {
  accept();
  sender.set_source({
    address: sender.source.address,
    filter: { [SESSION_FILTER]: session.sessionId },
  });
  localAttach(sender).properties = {
    "com.microsoft:locked-until-utc": amqpTypes.wrap_long(
      toTicks(session.until),
    ),
  };
  const end = serveOutgoingLink(sender, entity, context, session);
  return () => {
    end();
    session.release();
  };
}

function toHolder(sender: Sender): {
  readonly linkName: string;
  onLost(): void;
} {
  return {
    linkName: sender.name,
    onLost: () => sender.close(amqpErrors.sessionLockLost()),
  };
}

function timeoutOf(sender: Sender): number {
  const asked: unknown = sender.properties?.[TIMEOUT];
  return typeof asked === "number" && asked > 0 ? asked : DEFAULT_TIMEOUT_MS;
}

function toTicks(ms: number): Buffer {
  const ticks = Buffer.alloc(8);
  ticks.writeBigInt64BE(BigInt(Math.trunc(ms)) * 10_000n + EPOCH_TICKS);
  return ticks;
}
