import { createHash } from "node:crypto";

import type { DecisionLedger } from "./decision-ledger.ts";
import {
  fromSchedulerId,
  createEntityId,
  toSchedulerId,
  type EntityId,
} from "./entities/entity-id.ts";
import type {
  EntityMessage,
  OperationRequest,
} from "./entities/entity-message.ts";
import type { DurableMode } from "./durable-mode.ts";
import type { ExternalEvents } from "./external-events.ts";
import type { FunctionNames } from "./function-names.ts";
import { OrchestrationFault } from "./orchestration-fault.ts";
import type { EntityAction, LockEntities } from "./orchestrator-state.ts";
import { unknownFunction } from "./replay-calls.ts";
import type { ReplayTask } from "./replay-task.ts";

/** What a replayed orchestration has to do with entities. Each message takes an id; its answer is an external event. */
export interface ReplayEntities {
  call(action: EntityAction): ReplayTask;
  signal(action: EntityAction, due?: string): void;
  /** Settles when all entities of the set are locked. */
  lock(action: LockEntities): ReplayTask;
  /** Ends the lock that is held, if one is: one message, and one id, per entity. */
  release(): void;
  /** Whether an event of this name answers a message of this execution. */
  isReply(eventName: string): boolean;
}

export interface ReplayEntitiesOptions {
  readonly ledger: Pick<DecisionLedger, "send" | "nextId">;
  readonly externalEvents: Pick<ExternalEvents, "wait">;
  readonly instance: { readonly id: string; readonly executionId: string };
  readonly names: FunctionNames;
  readonly mode: DurableMode;
}

/**
 * Creates the entity side of a replay.
 *
 * @throws OrchestrationFault (each) for an entity that the app has not, in strict mode.
 */
export function createReplayEntities(
  options: ReplayEntitiesOptions,
): ReplayEntities {
  const { ledger, externalEvents, instance, names, mode } = options;
  const replies = new Set<string>();
  let held: LockEntities | undefined;
  const sender = { parent: instance.id, parentExecution: instance.executionId };

  const send = (target: EntityId, message: EntityMessage): void =>
    ledger.send((id) => ({
      kind: "entity-message",
      id,
      entityId: toSchedulerId(target),
      message,
    }));

  const wait = (reply: string): ReplayTask => {
    replies.add(reply);
    return externalEvents.wait(reply);
  };

  const isKnown = ({ name }: EntityId): boolean =>
    names.entity(name) !== undefined;

  /** The operation, under an ID that every replay makes again. */
  const toRequest = (action: EntityAction): OperationRequest => {
    const input = JSON.stringify(action.input ?? undefined);
    return {
      op: action.operation,
      ...(input !== undefined && { input }),
      id: toGuid(`${instance.executionId}:${ledger.nextId()}`),
      ...sender,
    };
  };

  return {
    call(action) {
      const target = readTarget(action);
      if (!isKnown(target)) return unknownFunction(mode, "entity", target.name);
      const request = toRequest(action);
      send(target, request);
      return wait(request.id);
    },
    signal(action, due) {
      const target = readTarget(action);
      if (!isKnown(target)) {
        unknownFunction(mode, "entity", target.name);
        return;
      }
      send(target, {
        ...toRequest(action),
        signal: true,
        ...(due !== undefined && { due }),
      });
    },
    lock(action) {
      const lockset = action.lockSet.map(({ name, key }) =>
        createEntityId(name, key),
      );
      const unknown = lockset.find((entity) => !isKnown(entity));
      if (unknown !== undefined) {
        return unknownFunction(mode, "entity", unknown.name);
      }
      const [first] = lockset;
      if (first === undefined) throw new OrchestrationFault(emptyLock);
      const id = action.lockRequestId;
      send(first, { id, ...sender, lockset, pos: 0 });
      held = action;
      return wait(id);
    },
    release() {
      if (held === undefined) return;
      const { lockSet, lockRequestId } = held;
      held = undefined;
      for (const entity of lockSet) {
        send(entity, { parent: instance.id, id: lockRequestId });
      }
    },
    isReply: (eventName) => replies.has(eventName),
  };
}

function readTarget({ instanceId }: EntityAction): EntityId {
  const target = fromSchedulerId(instanceId);
  if (target !== undefined) return target;
  throw new OrchestrationFault(`'${instanceId}' is not an entity ID.`);
}

const emptyLock = "The orchestrator function asked for a lock of no entity.";

/** A name-based UUID (version 5). */
function toGuid(name: string): string {
  const bytes = createHash("sha1").update(name).digest().subarray(0, 16);
  bytes.writeUInt8((bytes.readUInt8(6) & 0x0f) | 0x50, 6);
  bytes.writeUInt8((bytes.readUInt8(8) & 0x3f) | 0x80, 8);
  return bytes
    .toString("hex")
    .replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, "$1-$2-$3-$4-$5");
}
