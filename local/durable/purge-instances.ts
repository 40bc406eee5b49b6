import type { CommitLoop } from "../../shared/storage/commit-loop.ts";
import type { InstanceFilter } from "./durable-operations.ts";
import {
  liveStatuses,
  runtimeStatuses,
  type InstanceRecord,
} from "./instance-record.ts";
import { listKeys } from "./list-instances.ts";
import type { TaskHubStore } from "./task-hub-store.ts";

export interface PurgeOptions {
  readonly store: TaskHubStore;
  readonly loop: CommitLoop;
}

const finishedStatuses = runtimeStatuses.filter(
  (status) => !liveStatuses.has(status),
);

/** How many instances are found at once. */
const PURGE_PAGE = 500;

/** How long one commit's removals may take: the event loop must breathe. A page's histories may be of any size. */
const PURGE_SLICE_MS = 8;

/** Removes those of the instances that have finished. @returns how many were removed. */
export async function purge(
  options: PurgeOptions,
  records: readonly (InstanceRecord | undefined)[],
): Promise<number> {
  const known = records.filter((record) => record !== undefined);
  return purgeKeys(
    options,
    known.map(({ key }) => key),
  );
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
  let continuationToken: string | undefined;
  do {
    const page = listKeys(
      options.store,
      { ...filter, statuses },
      { top: PURGE_PAGE, continuationToken },
    );
    purged += await purgeKeys(options, page.keys);
    continuationToken = page.continuationToken;
    // A page of a prefix may have been looked through and hold nothing to commit, and so nothing to wait for.
    await nextTurn();
  } while (continuationToken !== undefined);
  return purged;
}

/** An instance may have been rewound or replaced since its key was found: only finished ones are removed. */
async function purgeKeys(
  { store, loop }: PurgeOptions,
  keys: readonly number[],
): Promise<number> {
  let purged = 0;
  let next = 0;
  const removeSome = (): void => {
    const until = performance.now() + PURGE_SLICE_MS;
    do {
      const key = keys[next];
      if (key !== undefined && store.deleteFinished(key)) purged += 1;
      next += 1;
    } while (next < keys.length && performance.now() < until);
  };
  while (next < keys.length) {
    loop.write(removeSome);
    await loop.committed();
  }
  return purged;
}

function nextTurn(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}
