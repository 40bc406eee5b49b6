import { randomUUID } from "node:crypto";

import type { CommitLoop } from "../../shared/storage/commit-loop.ts";
import type { ActivityWork } from "./activity-dispatcher.ts";
import type { Clock } from "./clock.ts";
import type { FunctionNames } from "./function-names.ts";
import {
  decodeEvents,
  EventType,
  type HistoryEvent,
  type MessageEvent,
  type TraceContext,
} from "./history-event.ts";
import type { InstanceEnds } from "./instance-ends.ts";
import type { InstanceRecord, RuntimeStatus } from "./instance-record.ts";
import { listInstances } from "./list-instances.ts";
import type { LiveInstance } from "./live-instance.ts";
import { purge, purgeBy } from "./purge-instances.ts";
import { rewindInstance } from "./rewind.ts";
import type { TaskHub } from "./task-hub.ts";
import type { TaskHubStore } from "./task-hub-store.ts";
import type { TurnRunner } from "./turn-runner.ts";

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

type RewindResult = "accepted" | "not-found" | "not-failed";

export type RestartResult = StartResult | { readonly outcome: "not-found" };

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
  /** The status as it is on disk; what is under way is let end first, if that takes some milliseconds at most. */
  readStatus(instanceId: string): Promise<InstanceRecord | undefined>;
  /** The instance as it ended; as it is on disk after `timeoutMs`, if it has not ended by then. */
  waitForEnd(
    instanceId: string,
    timeoutMs: number,
  ): Promise<InstanceRecord | undefined>;
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
  /** Lets a failed instance go on from before its failures. */
  rewind(instanceId: string, reason: string | null): Promise<RewindResult>;
  /** Starts an instance again with the input it had, under its own ID or a new one. */
  restart(
    instanceId: string,
    withNewInstanceId: boolean,
  ): Promise<RestartResult>;
  /** Removes a finished instance. @returns how many were removed: 0 or 1. */
  purge(instanceId: string): Promise<number>;
  /** Removes the finished instances of the filter. @returns how many were removed. */
  purgeBy(filter: InstanceFilter): Promise<number>;
  /** Resolves once all that has been read so far is on disk; a crash before that may undo what was read. */
  recorded(): Promise<void>;
  /** The recorded events of the instance's present execution. */
  exportHistory(instanceId: string): HistoryEvent[] | undefined;
}

export interface DurableOperationsOptions {
  readonly store: TaskHubStore;
  readonly hub: TaskHub;
  readonly ends: Pick<InstanceEnds, "wait">;
  readonly loop: CommitLoop;
  readonly clock: Clock;
  readonly turns: Pick<TurnRunner, "settled">;
  readonly names: FunctionNames;
  readonly defaultVersion: string;
  readonly dispatch: (work: ActivityWork) => void;
}

/** Creates the operations over a recovered hub. */
export function createDurableOperations(
  options: DurableOperationsOptions,
): DurableOperations {
  const { store, hub, ends, loop, turns } = options;
  const send = createSend(options);
  const now = (): string => new Date(options.clock.now()).toISOString();
  const message = <Type extends number>(type: Type) => ({
    EventType: type,
    EventId: -1,
    Timestamp: now(),
  });
  const find = (instanceId: string): InstanceRecord | undefined =>
    hub.get(instanceId)?.record ?? store.findInstance(instanceId);

  const readStatus = async (
    instanceId: string,
  ): Promise<InstanceRecord | undefined> => {
    const live = hub.get(instanceId);
    if (live !== undefined) await turns.settled(live);
    const record = find(instanceId);
    await loop.committed();
    return record;
  };

  return {
    start: async (request) => start(options, request),
    getStatus: find,
    readStatus,
    async waitForEnd(instanceId, timeoutMs) {
      const isLive = hub.get(instanceId) !== undefined;
      const ended = isLive ? await ends.wait(instanceId, timeoutMs) : undefined;
      return ended ?? readStatus(instanceId);
    },
    list: (filter, page) => list(options, filter, page),
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
    rewind: async (instanceId, reason) =>
      rewind(options, find(instanceId), reason),
    restart: async (instanceId, withNewInstanceId) =>
      restart(options, find(instanceId), withNewInstanceId),
    purge: async (instanceId) => purge(options, [find(instanceId)]),
    purgeBy: async (filter) => purgeBy(options, filter),
    recorded: () => loop.committed(),
    exportHistory: (instanceId) => exportHistory(store, find(instanceId)),
  };
}

/** A row does not have the time of each turn; what lives has it in memory. */
function list(
  { store, hub }: DurableOperationsOptions,
  ...[filter, page]: Parameters<DurableOperations["list"]>
): InstancePage {
  const { instances, continuationToken } = listInstances(store, filter, page);
  return {
    instances: instances.map((record) => hub.get(record.id)?.record ?? record),
    continuationToken,
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

async function rewind(
  options: DurableOperationsOptions,
  record: InstanceRecord | undefined,
  reason: string | null,
): Promise<RewindResult> {
  if (record === undefined) return "not-found";
  if (record.status !== "Failed") return "not-failed";
  const { loop, clock } = options;
  loop.write(() =>
    rewindInstance({ ...options, now: clock.now }, record, reason),
  );
  await loop.committed();
  return "accepted";
}

async function restart(
  options: DurableOperationsOptions,
  record: InstanceRecord | undefined,
  withNewInstanceId: boolean,
): Promise<RestartResult> {
  if (record === undefined) return { outcome: "not-found" };
  return start(options, {
    name: record.name,
    ...(!withNewInstanceId && { instanceId: record.id }),
    ...(record.input !== undefined && { input: record.input }),
  });
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
