import type { CommitLoop } from "../../shared/storage/commit-loop.ts";
import type { InstanceFilter } from "./durable-operations.ts";
import {
  liveStatuses,
  runtimeStatuses,
  type InstanceRecord,
} from "./instance-record.ts";
import { listInstances } from "./list-instances.ts";
import type { TaskHubStore } from "./task-hub-store.ts";

export interface PurgeOptions {
  readonly store: TaskHubStore;
  readonly loop: CommitLoop;
}

const finishedStatuses = runtimeStatuses.filter(
  (status) => !liveStatuses.has(status),
);

/** How many instances one commit purges: the event loop must breathe. */
const PURGE_BATCH = 500;

/** Removes those of the instances that have finished. @returns how many were removed. */
export async function purge(
  { store, loop }: PurgeOptions,
  records: readonly (InstanceRecord | undefined)[],
): Promise<number> {
  const finished = records.filter(
    (record) => record !== undefined && !liveStatuses.has(record.status),
  );
  loop.write(() => {
    for (const record of finished) {
      if (record !== undefined) store.deleteInstance(record.key);
    }
  });
  await loop.committed();
  return finished.length;
}

/** Removes the finished instances of the filter. @returns how many were removed. */
export async function purgeBy(
  options: PurgeOptions,
  filter: InstanceFilter,
): Promise<number> {
  const statuses = (filter.statuses ?? finishedStatuses).filter(
    (status) => !liveStatuses.has(status),
  );
  let purged = 0;
  for (;;) {
    const page = listInstances(
      options.store,
      { ...filter, statuses },
      { top: PURGE_BATCH },
    );
    if (page.instances.length === 0) return purged;
    purged += await purge(options, page.instances);
  }
}
