import type { HeldSession, SessionDesk } from "../session-desk.ts";
import {
  badRequest,
  type ManagementReply,
  type Operation,
  sessionIdOf,
  sessionLost,
} from "./management-reply.ts";
import { amqpTypes } from "./rhea-internals.ts";

const ARRAY_OF_STRING = 0xb1;
/** .NET's largest date, which asks for the sessions that have messages. */
const MAX_DATE_MS = 253_402_300_799_999;
const MAX_LISTED = 2 ** 31 - 1;

/** What a client may ask of the sessions of an entity. */
export const sessionOperations: Readonly<Record<string, Operation>> = {
  "com.microsoft:renew-session-lock": ofHeldSession((desk, session) => ({
    status: 200,
    body: { expiration: amqpTypes.wrap_timestamp(desk.renew(session)) },
  })),
  "com.microsoft:get-session-state": ofHeldSession((desk, { sessionId }) => ({
    status: 200,
    body: { "session-state": desk.store.state(sessionId) ?? null },
  })),
  "com.microsoft:set-session-state": ofHeldSession(
    (desk, { sessionId }, state) => {
      const kept = Buffer.isBuffer(state) ? state : undefined;
      desk.setState(sessionId, kept);
      return { status: 200 };
    },
  ),
  "com.microsoft:get-message-sessions": listSessions,
};

/** An operation that only the holder of the session may ask for. */
function ofHeldSession(
  run: (
    desk: SessionDesk,
    session: HeldSession,
    state: unknown,
  ) => ManagementReply,
): Operation {
  return ({ sessions }, request, linkName) => {
    const sessionId = sessionIdOf(request);
    if (sessions === undefined || sessionId === undefined) {
      return badRequest("The entity has no sessions, or none is named.");
    }
    const session = sessions.held(sessionId, linkName);
    return session === undefined
      ? sessionLost()
      : run(sessions, session, request["session-state"]);
  };
}

function listSessions(
  ...[{ sessions }, request]: Parameters<Operation>
): ManagementReply {
  if (sessions === undefined) return badRequest("The entity has no sessions.");
  const after = Number(request["last-updated-time"]);
  const skip = toCount(request["skip"]);
  const top = toCount(request["top"]);
  const { store } = sessions;
  const ids =
    after >= MAX_DATE_MS
      ? store.withMessages(skip, top)
      : store.updatedAfter(after || 0, skip, top);
  if (ids.length === 0) return { status: 204 };
  return {
    status: 200,
    body: {
      skip: amqpTypes.wrap_int(skip + ids.length),
      "sessions-ids": amqpTypes.wrap_array(ids, ARRAY_OF_STRING),
    },
  };
}

/** SQLite takes whole numbers only. */
function toCount(value: unknown): number {
  const count = Math.trunc(Number(value)) || 0;
  return Math.min(Math.max(count, 0), MAX_LISTED);
}
