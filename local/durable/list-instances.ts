import type { InstanceFilter, InstancePage } from "./durable-operations.ts";
import { runtimeStatuses } from "./instance-record.ts";
import type { TaskHubStore } from "./task-hub-store.ts";

/** One page of the instances of the filter, in order of creation. */
export function listInstances(
  store: TaskHubStore,
  filter: InstanceFilter,
  page: { readonly top: number; readonly continuationToken?: string },
): InstancePage {
  const token = page.continuationToken;
  const found = store.listInstances({
    statuses: filter.statuses ?? runtimeStatuses,
    createdFrom: filter.createdFrom ?? Number.MIN_SAFE_INTEGER,
    createdTo: filter.createdTo ?? Number.MAX_SAFE_INTEGER,
    idPrefix: filter.instanceIdPrefix ?? "",
    afterKey: token === undefined ? -1 : readToken(token),
    limit: page.top + 1,
  });
  const instances = found.slice(0, page.top);
  const last = instances.at(-1);
  const hasMore = found.length > page.top && last !== undefined;
  return {
    instances,
    continuationToken: hasMore ? writeToken(last.key) : undefined,
  };
}

function writeToken(key: number): string {
  return Buffer.from(String(key)).toString("base64url");
}

/** An unreadable token starts from the beginning, as an expired one of Azure Storage does. */
function readToken(token: string): number {
  const key = Number.parseInt(Buffer.from(token, "base64url").toString(), 10);
  return Number.isSafeInteger(key) ? key : -1;
}
