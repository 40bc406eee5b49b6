import type {
  ActivityOutcome,
  FollowingTurn,
  WorkerPort,
} from "../worker-port.ts";
import { createBoundedQueue, type BoundedQueue } from "./bounded-queue.ts";
import type { PreparedTurn } from "./live-instance.ts";
import type { TaskAddress } from "./task-hub.ts";

export interface ActivityWork {
  readonly address: TaskAddress;
  readonly name: string;
  readonly input: string | undefined;
  readonly traceparent: string | undefined;
  /** It was lost together with the turn behind it, and runs without one. */
  readonly isAlone?: boolean;
}

export interface ActivityDispatcherOptions {
  readonly invoke: WorkerPort["invokeActivity"];
  readonly maxConcurrent: number;
  /** Whether anybody still waits for the result. */
  readonly isWanted: (address: TaskAddress) => boolean;
  /** The turn that waits for nothing but this activity, and may be run behind it. */
  readonly toFollow: (address: TaskAddress) => FollowingTurn | undefined;
  readonly onOutcome: (
    work: ActivityWork,
    outcome: Exclude<ActivityOutcome, { kind: "lost" }>,
    followed: PreparedTurn | undefined,
  ) => void;
  /** Called whenever an activity has ended or was dropped. */
  readonly onEnd: () => void;
}

/** Creates the queue that runs activities in the order in which they were scheduled. A lost one runs again. */
export function createActivityDispatcher(
  options: ActivityDispatcherOptions,
): BoundedQueue<ActivityWork> {
  const { invoke, maxConcurrent, isWanted, toFollow, onOutcome, onEnd } =
    options;
  const queue = createBoundedQueue<ActivityWork>({
    maxConcurrent,
    onEnd,
    run: async (work) => {
      if (!isWanted(work.address)) return;
      const { name, input, traceparent, address } = work;
      const follow = work.isAlone === true ? undefined : toFollow(address);
      const outcome = await invoke({
        name,
        instanceId: address.instanceId,
        input,
        ...(traceparent !== undefined && { traceparent }),
        ...(follow !== undefined && { follow }),
      });
      if (outcome.kind === "lost")
        queue.push({ ...work, isAlone: follow !== undefined });
      else onOutcome(work, outcome, toPrepared(outcome, follow));
    },
  });
  return queue;
}

function toPrepared(
  outcome: ActivityOutcome,
  follow: FollowingTurn | undefined,
): PreparedTurn | undefined {
  const followed = outcome.kind === "completed" ? outcome.turn : undefined;
  return (
    followed &&
    follow && { ...followed, turn: follow.turn, taskId: follow.taskId }
  );
}
