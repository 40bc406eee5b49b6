import { randomUUID } from "node:crypto";

import type { CommitLoop } from "../../shared/storage/commit-loop.ts";
import type { Clock } from "./clock.ts";
import type { FunctionNames } from "./function-names.ts";
import {
  decodeEvents,
  EventType,
  type HistoryEvent,
  type MessageEvent,
  type TraceContext,
} from "./history-event.ts";
import {
  liveStatuses,
  runtimeStatuses,
  type InstanceRecord,
  type RuntimeStatus,
} from "./instance-record.ts";
import type { LiveInstance } from "./live-instance.ts";
import type { TaskHub } from "./task-hub.ts";
import type { TaskHubStore } from "./task-hub-store.ts";

export interface StartRequest {
  readonly name: string;
  /** A new one is made when there is none. */
  readonly instanceId?: string;
  /** JSON text. */
  readonly input?: string;
  readonly version?: string;
  readonly trace?: TraceContext;
}

export type StartResult =
  | { readonly outcome: "started"; readonly instanceId: string }
  | { readonly outcome: "unknown-function" }
  | { readonly outcome: "invalid-instance-id" }
  | { readonly outcome: "already-exists"; readonly status: RuntimeStatus };

/** `finished`: the instance takes no messages any more. `conflict`: not in the instance's present status. */
export type SendResult =
  | { readonly outcome: "accepted" | "not-found" | "finished" }
  | { readonly outcome: "conflict"; readonly status: RuntimeStatus };

export interface InstanceFilter {
  /** Milliseconds since the epoch, inclusive. */
  readonly createdFrom?: number;
  readonly createdTo?: number;
  readonly statuses?: readonly RuntimeStatus[];
  readonly instanceIdPrefix?: string;
}

export interface InstancePage {
  readonly instances: readonly InstanceRecord[];
  /** Asks for the next page; undefined after the last one. */
  readonly continuationToken: string | undefined;
}

/** What a durable client and the management API can do. Promises resolve once the change is on disk. */
export interface DurableOperations {
  start(request: StartRequest): Promise<StartResult>;
  getStatus(instanceId: string): InstanceRecord | undefined;
  list(
    filter: InstanceFilter,
    page: { readonly top: number; readonly continuationToken?: string },
  ): InstancePage;
  /** `input` is JSON text. */
  raiseEvent(
    instanceId: string,
    name: string,
    input: string | null,
  ): Promise<SendResult>;
  terminate(instanceId: string, reason: string | null): Promise<SendResult>;
  suspend(instanceId: string, reason: string | null): Promise<SendResult>;
  resume(instanceId: string, reason: string | null): Promise<SendResult>;
  /** Removes a finished instance. @returns how many were removed: 0 or 1. */
  purge(instanceId: string): Promise<number>;
  /** Removes the finished instances of the filter. @returns how many were removed. */
  purgeBy(filter: InstanceFilter): Promise<number>;
  /** The recorded events of the instance's present execution. */
  exportHistory(instanceId: string): HistoryEvent[] | undefined;
}

export interface DurableOperationsOptions {
  readonly store: TaskHubStore;
  readonly hub: TaskHub;
  readonly loop: CommitLoop;
  readonly clock: Clock;
  readonly names: FunctionNames;
  readonly defaultVersion: string;
}

const finishedStatuses = runtimeStatuses.filter(
  (status) => !liveStatuses.has(status),
);

/** How many instances one commit purges: the event loop must breathe. */
const PURGE_BATCH = 500;

/** Creates the operations over a recovered hub. */
export function createDurableOperations(
  options: DurableOperationsOptions,
): DurableOperations {
  const { store, hub } = options;
  const send = createSend(options);
  const now = (): string => new Date(options.clock.now()).toISOString();
  const message = <Type extends number>(type: Type) => ({
    EventType: type,
    EventId: -1,
    Timestamp: now(),
  });
  const find = (instanceId: string): InstanceRecord | undefined =>
    hub.get(instanceId)?.record ?? store.findInstance(instanceId);

  return {
    start: async (request) => start(options, request),
    getStatus: find,
    list: (filter, page) => list(store, filter, page),
    raiseEvent: (instanceId, name, input) =>
      send(instanceId, () => ({
        ...message(EventType.EventRaised),
        Name: name,
        Input: input,
      })),
    terminate: (instanceId, reason) =>
      send(instanceId, () => ({
        ...message(EventType.ExecutionTerminated),
        Input: reason,
      })),
    suspend: (instanceId, reason) =>
      send(instanceId, ({ record }) =>
        record.status === "Suspended"
          ? undefined
          : { ...message(EventType.ExecutionSuspended), Reason: reason },
      ),
    resume: (instanceId, reason) =>
      send(instanceId, ({ record }) =>
        record.status === "Suspended"
          ? { ...message(EventType.ExecutionResumed), Reason: reason }
          : undefined,
      ),
    purge: async (instanceId) => purge(options, [find(instanceId)]),
    purgeBy: async (filter) => purgeBy(options, filter),
    exportHistory: (instanceId) => exportHistory(store, find(instanceId)),
  };
}

async function start(
  options: DurableOperationsOptions,
  request: StartRequest,
): Promise<StartResult> {
  const { hub, loop, names, defaultVersion } = options;
  const name = names.orchestrator(request.name);
  if (name === undefined) return { outcome: "unknown-function" };
  const instanceId = request.instanceId ?? randomUUID().replaceAll("-", "");
  if (!isInstanceId(instanceId)) return { outcome: "invalid-instance-id" };
  const existing = hub.get(instanceId);
  if (existing !== undefined) {
    return { outcome: "already-exists", status: existing.record.status };
  }
  hub.create({
    id: instanceId,
    name,
    version: request.version ?? defaultVersion,
    input: request.input,
    trace: request.trace,
  });
  await loop.committed();
  return { outcome: "started", instanceId };
}

/** What Azure allows: 1 to 100 characters, none of / \ # ? or a control character, and no entity's ID. */
function isInstanceId(id: string): boolean {
  // oxlint-disable-next-line no-control-regex -- they are what is refused
  return /^(?!@)[^/\\#?\u0000-\u001f\u007f-\u009f]{1,100}$/u.test(id);
}

function createSend({ store, hub, loop }: DurableOperationsOptions) {
  return async (
    instanceId: string,
    toMessage: (live: LiveInstance) => MessageEvent | undefined,
  ): Promise<SendResult> => {
    const live = hub.get(instanceId);
    if (live === undefined) {
      const isKnown = store.findInstance(instanceId) !== undefined;
      return { outcome: isKnown ? "finished" : "not-found" };
    }
    const event = toMessage(live);
    if (event === undefined) {
      return { outcome: "conflict", status: live.record.status };
    }
    hub.send(live, event);
    await loop.committed();
    return { outcome: "accepted" };
  };
}

function exportHistory(
  store: TaskHubStore,
  record: InstanceRecord | undefined,
): HistoryEvent[] | undefined {
  if (record === undefined) return undefined;
  return store
    .readTurns(record.key)
    .flatMap((turn) => decodeEvents(turn.events));
}

function list(
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

async function purge(
  { store, loop }: DurableOperationsOptions,
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

async function purgeBy(
  options: DurableOperationsOptions,
  filter: InstanceFilter,
): Promise<number> {
  const statuses = (filter.statuses ?? finishedStatuses).filter(
    (status) => !liveStatuses.has(status),
  );
  let purged = 0;
  for (;;) {
    const page = list(
      options.store,
      { ...filter, statuses },
      { top: PURGE_BATCH },
    );
    if (page.instances.length === 0) return purged;
    purged += await purge(options, page.instances);
  }
}
