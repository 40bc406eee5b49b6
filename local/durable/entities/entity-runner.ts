import type { WorkerPort } from "../../worker-port.ts";
import { createBoundedQueue } from "../bounded-queue.ts";
import type { FunctionNames } from "../function-names.ts";
import { fromSchedulerId } from "./entity-id.ts";
import type { LiveEntity } from "./entity-hub.ts";
import {
  parseEntityOutcome,
  toEntityPayload,
  toFailedOutcome,
  type EntityOutcome,
} from "./entity-state.ts";
import { selectBatch, type EntityBatch } from "./select-batch.ts";

/** Runs the operations of entities: one batch at a time per entity, a bounded number of entities at a time. */
export interface EntityRunner {
  /** The entity has messages; does nothing when it is queued or running already. */
  wake(live: LiveEntity): void;
  running(): number;
  queued(): number;
  /** Starts nothing any more. */
  stop(): void;
}

/** A batch that has run. `outcome` is undefined when there was no operation in it. */
export interface FinishedBatch extends EntityBatch {
  readonly live: LiveEntity;
  readonly outcome: EntityOutcome | undefined;
}

export interface EntityRunnerOptions {
  readonly worker: WorkerPort;
  readonly names: FunctionNames;
  readonly maxConcurrent: number;
  readonly maxBatchSize: number;
  /** The trace context of an orchestration, where it has one. */
  readonly traceparentOf: (instanceId: string) => string | undefined;
  readonly commit: (batch: FinishedBatch) => void;
  /** The app has no function of the entity's name: its messages wait until it has. */
  readonly onUnknown: (entityName: string) => void;
  /** Called whenever a batch has ended. */
  readonly onEnd: () => void;
}

/** Creates the runner. What arrives in one event-loop turn is one batch: batches start from a `setImmediate`. */
export function createEntityRunner(options: EntityRunnerOptions): EntityRunner {
  const { maxConcurrent, onEnd } = options;

  const queue = createBoundedQueue<LiveEntity>({
    maxConcurrent,
    onEnd,
    run: async (live) => {
      live.phase = "running";
      let isProgress = false;
      const arrivedBefore = live.waiting.length;
      try {
        isProgress = await runBatch(options, live);
      } finally {
        live.phase = "idle";
        // Messages that must wait for a lock's end run when it comes; those that came meanwhile may be just that.
        const hasNews = isProgress || live.waiting.length > arrivedBefore;
        if (hasNews && live.waiting.length > 0) enqueue(live);
      }
    },
  });

  const enqueue = (live: LiveEntity): void => {
    live.phase = "queued";
    queue.push(live);
    queue.pumpSoon();
  };

  return {
    wake(live) {
      if (live.phase === "idle") enqueue(live);
    },
    running: queue.running,
    queued: queue.queued,
    stop: queue.stop,
  };
}

/** @returns whether another batch may find something to do: false when all that waits must go on waiting. */
async function runBatch(
  options: EntityRunnerOptions,
  live: LiveEntity,
): Promise<boolean> {
  const batch = selectBatch({
    waiting: live.waiting,
    lockedBy: live.record.lockedBy,
    maxOperations: options.maxBatchSize,
  });
  if (batch.consumed.size === 0) return false;
  if (batch.operations.length === 0) {
    options.commit({ ...batch, live, outcome: undefined });
    return true;
  }
  const entityName = fromSchedulerId(live.record.id)?.name ?? "";
  const name = options.names.entity(entityName);
  if (name === undefined) {
    options.onUnknown(entityName);
    return false;
  }
  const outcome = await invokeEntity(options, name, live, batch);
  if (outcome !== undefined) options.commit({ ...batch, live, outcome });
  return true;
}

/** Undefined when the worker was lost: the batch runs again. */
async function invokeEntity(
  { worker, traceparentOf }: EntityRunnerOptions,
  name: string,
  { record }: LiveEntity,
  { operations }: EntityBatch,
): Promise<EntityOutcome | undefined> {
  const sender = operations.find(({ parent }) => parent !== undefined)?.parent;
  const invoked = await worker.invokeEntity(
    name,
    toEntityPayload(record, operations),
    sender === undefined ? undefined : traceparentOf(sender),
  );
  if (invoked.kind === "lost") return undefined;
  const parsed =
    invoked.kind === "state" ? parseEntityOutcome(invoked.state) : undefined;
  if (parsed !== undefined) return parsed;
  const message =
    invoked.kind === "failed"
      ? invoked.message
      : "The entity function returned no entity state. Is it registered through durable-functions?";
  return toFailedOutcome(record, operations.length, message);
}
