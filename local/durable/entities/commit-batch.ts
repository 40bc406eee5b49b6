import { randomUUID } from "node:crypto";

import type { CommitLoop } from "../../../shared/storage/commit-loop.ts";
import type { Clock } from "../clock.ts";
import { EventType, type MessageEvent } from "../history-event.ts";
import type { TaskHub } from "../task-hub.ts";
import type { EntityHub } from "./entity-hub.ts";
import { toSchedulerId } from "./entity-id.ts";
import {
  toReply,
  type LockRequest,
  type OperationResult,
} from "./entity-message.ts";
import type { EntityOutcome } from "./entity-state.ts";
import type { FinishedBatch } from "./entity-runner.ts";

export interface CommitBatchOptions {
  readonly loop: CommitLoop;
  readonly clock: Clock;
  readonly hub: TaskHub;
  readonly entities: EntityHub;
}

/**
 * Creates the recording of a batch: the entity's state and lock, the answers to its callers, its signals and the removal
 * of the consumed messages are one commit.
 */
export function createBatchCommit(
  options: CommitBatchOptions,
): (batch: FinishedBatch) => void {
  return (batch) =>
    options.loop.write(() => {
      const { clock, entities } = options;
      const { live, outcome, lockRequest } = batch;
      if (outcome !== undefined) answer(options, batch, outcome);
      const isGranted =
        lockRequest !== undefined && isStillWanted(options.hub, lockRequest);
      entities.settle(
        live,
        {
          ...live.record,
          ...(outcome !== undefined && {
            exists: outcome.exists,
            state: outcome.exists ? outcome.state : undefined,
            updatedAt: clock.now(),
          }),
          lockedBy: isGranted ? lockRequest.parent : batch.lockedBy,
        },
        batch.consumed,
      );
      if (isGranted) passOn(options, lockRequest);
      for (const { target, name, input } of outcome?.signals ?? []) {
        entities.send(toSchedulerId(target), {
          op: name,
          signal: true,
          ...(input !== undefined && { input }),
          id: randomUUID(),
          parent: live.record.id,
        });
      }
    });
}

/** A caller that has ended meanwhile gets no lock: nobody would end it. */
function isStillWanted(hub: TaskHub, request: LockRequest): boolean {
  return hub.isOutstanding({
    instanceId: request.parent,
    executionId: request.parentExecution,
    taskId: request.id,
  });
}

/** The lock request goes to the next entity of its set; after the last one its sender holds them all. */
function passOn(options: CommitBatchOptions, request: LockRequest): void {
  const pos = request.pos + 1;
  const next = request.lockset[pos];
  if (next !== undefined) {
    options.entities.send(toSchedulerId(next), { ...request, pos });
    return;
  }
  reply(options, request, toReply({ isError: false }));
}

const noResult: OperationResult = {
  isError: true,
  result: JSON.stringify("The entity function gave no result."),
};

function answer(
  options: CommitBatchOptions,
  { operations }: FinishedBatch,
  { results }: EntityOutcome,
): void {
  for (const [index, operation] of operations.entries()) {
    if (operation.signal === true) continue;
    reply(options, operation, toReply(results[index] ?? noResult));
  }
}

function reply(
  { hub, clock }: CommitBatchOptions,
  to: {
    readonly id: string;
    readonly parent?: string;
    readonly parentExecution?: string;
  },
  text: string,
): void {
  const event: MessageEvent = {
    EventType: EventType.EventRaised,
    EventId: -1,
    Timestamp: new Date(clock.now()).toISOString(),
    Name: to.id,
    Input: text,
  };
  hub.complete(
    {
      instanceId: to.parent ?? "",
      executionId: to.parentExecution ?? "",
      taskId: to.id,
    },
    event,
  );
}
