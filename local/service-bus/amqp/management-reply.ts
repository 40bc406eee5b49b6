import type { MessageEntity } from "../message-entity.ts";
import { type AmqpErrorFields, amqpErrors } from "./amqp-errors.ts";

/** What an operation answers; `body` is encoded as an AMQP map. */
export type ManagementReply =
  | { readonly status: 200; readonly body?: Readonly<Record<string, unknown>> }
  | { readonly status: 204 }
  | {
      readonly status: 400 | 401 | 404 | 409 | 410 | 501;
      readonly error: AmqpErrorFields;
    };

/** The decoded map in the body of a request. */
export type ManagementRequest = Readonly<Record<string, unknown>>;

/** One operation of `<entity>/$management`; `linkName` is the link on whose behalf it is asked for, where it is given. */
export type Operation = (
  entity: MessageEntity,
  request: ManagementRequest,
  linkName: string | undefined,
) => ManagementReply;

export function listOf(value: unknown): readonly unknown[] {
  return Array.isArray(value) ? value : [];
}

/** The session that a request is about. */
export function sessionIdOf(request: ManagementRequest): string | undefined {
  const sessionId = request["session-id"];
  return typeof sessionId === "string" ? sessionId : undefined;
}

/** Longs arrive as numbers, or as eight bytes when they are large. */
export function toNumber(value: unknown): number {
  if (!Buffer.isBuffer(value)) return Number(value) || 0;
  return value.length === 8 ? Number(value.readBigInt64BE()) : 0;
}

export function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

export const badRequest = (description: string): ManagementReply => ({
  status: 400,
  error: amqpErrors.argument(description),
});
export const messageNotFound = (): ManagementReply => ({
  status: 404,
  error: amqpErrors.messageNotFound(),
});
export const lockLost = (): ManagementReply => ({
  status: 410,
  error: amqpErrors.lockLost(),
});
export const sessionLost = (): ManagementReply => ({
  status: 410,
  error: amqpErrors.sessionLockLost(),
});
