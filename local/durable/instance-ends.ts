import type { CommitLoop } from "../../shared/storage/commit-loop.ts";
import type { Clock } from "./clock.ts";
import type { InstanceRecord } from "./instance-record.ts";

/** Tells those that wait for an instance when it has ended. */
export interface InstanceEnds {
  /** Resolves with the instance as it ended, once that is on disk; with undefined after `timeoutMs` of the clock. */
  wait(
    instanceId: string,
    timeoutMs: number,
  ): Promise<InstanceRecord | undefined>;
  /** The instance has ended in this turn of the commit loop. */
  tell(record: InstanceRecord): void;
}

/** Creates the list of those that wait. */
export function createInstanceEnds(
  clock: Clock,
  loop: Pick<CommitLoop, "afterCommit">,
): InstanceEnds {
  const waiting = new Map<string, Set<(record: InstanceRecord) => void>>();

  const forget = (
    id: string,
    waiter: (record: InstanceRecord) => void,
  ): void => {
    const waiters = waiting.get(id);
    waiters?.delete(waiter);
    if (waiters?.size === 0) waiting.delete(id);
  };

  return {
    wait: (id, timeoutMs) =>
      new Promise((resolve) => {
        const ended = (record: InstanceRecord): void => {
          cancel();
          resolve(record);
        };
        const cancel = clock.setTimer(clock.now() + timeoutMs, () => {
          forget(id, ended);
          resolve(undefined);
        });
        const waiters = waiting.get(id);
        if (waiters === undefined) waiting.set(id, new Set([ended]));
        else waiters.add(ended);
      }),
    tell(record) {
      const waiters = waiting.get(record.id);
      if (waiters === undefined) return;
      waiting.delete(record.id);
      loop.afterCommit(() => {
        for (const ended of waiters) ended(record);
      });
    },
  };
}
