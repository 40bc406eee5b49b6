import {
  isLockRequest,
  isOperation,
  type EntityMessage,
  type LockRequest,
  type OperationRequest,
} from "./entity-message.ts";

/** A message that waits for an entity; `sequence` is its row in the task hub. */
export interface WaitingMessage {
  readonly sequence: number;
  readonly message: EntityMessage;
}

/** What an entity does next. */
export interface EntityBatch {
  readonly operations: readonly OperationRequest[];
  /** Always the last of its batch. */
  readonly lockRequest: LockRequest | undefined;
  /** Who holds the entity once the releases of this batch have been heard. */
  readonly lockedBy: string | undefined;
  /** The sequences of all messages that this batch disposes of. */
  readonly consumed: ReadonlySet<number>;
}

/**
 * Chooses from the waiting messages, in order of arrival. While an orchestration holds the entity, only its messages
 * are served, before all others; a lock request ends the batch. Pure.
 */
export function selectBatch(options: {
  readonly waiting: readonly WaitingMessage[];
  readonly lockedBy: string | undefined;
  readonly maxOperations: number;
}): EntityBatch {
  let { lockedBy } = options;
  const consumed = new Set<number>();
  const ofHolder: WaitingMessage[] = [];
  const ofOthers: WaitingMessage[] = [];
  for (const waiting of options.waiting) {
    const { message, sequence } = waiting;
    if (isOperation(message) || isLockRequest(message)) {
      const isOfHolder = lockedBy !== undefined && message.parent === lockedBy;
      (isOfHolder ? ofHolder : ofOthers).push(waiting);
    } else {
      consumed.add(sequence);
      if (message.parent === lockedBy) lockedBy = undefined;
    }
  }
  const operations: OperationRequest[] = [];
  let lockRequest: LockRequest | undefined;
  for (const { message, sequence } of [...ofHolder, ...ofOthers]) {
    const isServed = lockedBy === undefined || message.parent === lockedBy;
    if (!isServed || operations.length === options.maxOperations) break;
    consumed.add(sequence);
    if (isOperation(message)) operations.push(message);
    else if (isLockRequest(message)) {
      lockRequest = message;
      break;
    }
  }
  return { operations, lockRequest, lockedBy, consumed };
}
