import type { ActivityOutcome, WorkerPort } from "../worker-port.ts";
import { createBoundedQueue, type BoundedQueue } from "./bounded-queue.ts";
import type { TaskAddress } from "./task-hub.ts";

export interface ActivityWork {
  readonly address: TaskAddress;
  readonly name: string;
  readonly input: string | undefined;
  readonly traceparent: string | undefined;
}

export interface ActivityDispatcherOptions {
  readonly invoke: WorkerPort["invokeActivity"];
  readonly maxConcurrent: number;
  /** Whether anybody still waits for the result. */
  readonly isWanted: (address: TaskAddress) => boolean;
  readonly onOutcome: (
    work: ActivityWork,
    outcome: Exclude<ActivityOutcome, { kind: "lost" }>,
  ) => void;
  /** Called whenever an activity has ended or was dropped. */
  readonly onEnd: () => void;
}

/** Creates the queue that runs activities in the order in which they were scheduled. A lost one runs again. */
export function createActivityDispatcher(
  options: ActivityDispatcherOptions,
): BoundedQueue<ActivityWork> {
  const { invoke, maxConcurrent, isWanted, onOutcome, onEnd } = options;
  const queue = createBoundedQueue<ActivityWork>({
    maxConcurrent,
    onEnd,
    run: async (work) => {
      if (!isWanted(work.address)) return;
      const { name, input, traceparent, address } = work;
      const outcome = await invoke({
        name,
        instanceId: address.instanceId,
        input,
        ...(traceparent !== undefined && { traceparent }),
      });
      if (outcome.kind === "lost") queue.push(work);
      else onOutcome(work, outcome);
    },
  });
  return queue;
}
