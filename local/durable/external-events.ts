import { createReplayTask, type ReplayTask } from "./replay-task.ts";

/**
 * External events of one replayed orchestration. Names match in any case; the latest waiter is served first, an event
 * that nobody waits for is kept, and the oldest kept one is taken first.
 */
export interface ExternalEvents {
  wait(name: string): ReplayTask;
  /** Hands the event to a waiter; false when there is none. */
  deliver(name: string): boolean;
  keep(name: string): void;
  /** Whether anything waits for an event. */
  isAwaited(): boolean;
}

/** Creates an empty set of waiters and kept events. */
export function createExternalEvents(): ExternalEvents {
  const waiters = new Map<string, ReplayTask[]>();
  const kept = new Map<string, number>();
  return {
    wait(name) {
      const key = name.toLowerCase();
      const task = createReplayTask();
      const count = kept.get(key) ?? 0;
      if (count > 0) {
        kept.set(key, count - 1);
        task.settle("completed");
        return task;
      }
      const stack = waiters.get(key);
      if (stack === undefined) waiters.set(key, [task]);
      else stack.push(task);
      return task;
    },
    deliver(name) {
      const task = waiters.get(name.toLowerCase())?.pop();
      task?.settle("completed");
      return task !== undefined;
    },
    keep(name) {
      const key = name.toLowerCase();
      kept.set(key, (kept.get(key) ?? 0) + 1);
    },
    isAwaited: () => [...waiters.values()].some((stack) => stack.length > 0),
  };
}
