import type { EntityId } from "./entity-id.ts";

/** A call or a signal of an operation (wire names, as EventSent holds them). */
export interface OperationRequest {
  readonly op: string;
  /** Nobody waits for an answer. */
  readonly signal?: true;
  /** JSON text. */
  readonly input?: string;
  /** A GUID; the answer is an event of this name. */
  readonly id: string;
  /** The sending instance; absent when a client sent it. */
  readonly parent?: string;
  readonly parentExecution?: string;
  /** ISO 8601: not to be run before. */
  readonly due?: string;
}

/** A request to lock the entities of `lockset` for the sender, one after the other; `pos` is whose turn it is. */
export interface LockRequest {
  readonly id: string;
  readonly parent: string;
  readonly parentExecution: string;
  readonly lockset: readonly EntityId[];
  readonly pos: number;
}

/** The end of a lock that `parent` holds; `id` is the lock request's. */
export interface ReleaseMessage {
  readonly parent: string;
  readonly id: string;
}

export type EntityMessage = OperationRequest | LockRequest | ReleaseMessage;

export function isOperation(
  message: EntityMessage,
): message is OperationRequest {
  return "op" in message;
}

export function isLockRequest(message: EntityMessage): message is LockRequest {
  return "lockset" in message;
}

/** The event name that a message travels under. */
export function toEventName(message: EntityMessage): string {
  if (!isOperation(message)) return isLockRequest(message) ? "op" : "release";
  return message.due === undefined ? "op" : `op@${message.due}`;
}

/** The name of the event that answers a message; undefined when nothing does. */
export function replyName(message: EntityMessage): string | undefined {
  if (isLockRequest(message)) return message.id;
  return isOperation(message) && message.signal === undefined
    ? message.id
    : undefined;
}

/** How an operation ended: `result` is JSON text, of the error where it failed. */
export interface OperationResult {
  readonly isError: boolean;
  readonly result?: string | null;
}

/** The JSON text of the event that answers a call. */
export function toReply({ isError, result }: OperationResult): string {
  return JSON.stringify({
    result: result ?? null,
    ...(isError && { exceptionType: "Error" }),
  });
}
