import type { InstanceFilter, InstancePage } from "./durable-operations.ts";
import type { CreationPosition } from "./instance-queries.ts";
import { runtimeStatuses } from "./instance-record.ts";
import type { TaskHubStore } from "./task-hub-store.ts";

export interface PageRequest {
  readonly top: number;
  readonly continuationToken?: string | undefined;
}

/** Instances by their keys, and the token that asks for the next page; undefined after the last one. */
export interface KeyPage {
  readonly keys: readonly number[];
  readonly continuationToken: string | undefined;
}

/**
 * One page of the instances of the filter, in order of creation; with a prefix, in order of IDs. As in Azure, a page may
 * hold fewer than `top` although more follow.
 */
export function listInstances(
  store: TaskHubStore,
  filter: InstanceFilter,
  page: PageRequest,
): InstancePage {
  const { keys, continuationToken } = listKeys(store, filter, page);
  return {
    instances: keys
      .map((key) => store.readInstance(key))
      .filter((record) => record !== undefined),
    continuationToken,
  };
}

/** As `listInstances`, without reading what the instances are. */
export function listKeys(
  store: TaskHubStore,
  filter: InstanceFilter,
  page: PageRequest,
): KeyPage {
  const token = readToken(page.continuationToken);
  const selection = {
    statuses: filter.statuses ?? runtimeStatuses,
    createdFrom: filter.createdFrom ?? Number.MIN_SAFE_INTEGER,
    createdTo: filter.createdTo ?? Number.MAX_SAFE_INTEGER,
  };
  const prefix = filter.instanceIdPrefix ?? "";
  if (prefix !== "") {
    const { keys, reachedId } = store.listByPrefix({
      ...selection,
      idPrefix: prefix,
      afterId: isText(token) ? token : undefined,
      limit: page.top,
    });
    return { keys, continuationToken: writeToken(reachedId) };
  }
  const found = store.listByCreation({
    ...selection,
    after: isPosition(token) ? token : undefined,
    limit: page.top + 1,
  });
  const positions = found.slice(0, page.top);
  return {
    keys: positions.map(({ key }) => key),
    continuationToken:
      found.length > page.top ? writeToken(positions.at(-1)) : undefined,
  };
}

function writeToken(place: string | CreationPosition | undefined) {
  return place === undefined
    ? undefined
    : Buffer.from(JSON.stringify(place)).toString("base64url");
}

/** An unreadable token starts from the beginning, as an expired one of Azure Storage does. */
function readToken(token: string | undefined): unknown {
  try {
    return JSON.parse(Buffer.from(token ?? "", "base64url").toString());
  } catch {
    return undefined;
  }
}

function isText(value: unknown): value is string {
  return typeof value === "string";
}

function isPosition(value: unknown): value is CreationPosition {
  return (
    typeof value === "object" &&
    value !== null &&
    "createdAt" in value &&
    "key" in value &&
    Number.isSafeInteger(value.createdAt) &&
    Number.isSafeInteger(value.key)
  );
}
