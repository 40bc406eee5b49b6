import { randomUUID } from "node:crypto";

import type { FollowedTurn } from "../worker-port.ts";
import {
  EventType,
  type ExecutionStarted,
  type MessageEvent,
} from "./history-event.ts";
import type { InstanceRecord } from "./instance-record.ts";

/** A received message; `sequence` is its row in the task hub, undefined where a restart derives it again. */
export interface Message {
  readonly sequence: number | undefined;
  /** The execution it is for; undefined when any execution may take it (external events and commands). */
  readonly executionId: string | undefined;
  readonly event: MessageEvent;
}

/** Scheduled work that has not reported back. */
export type Outstanding =
  | { readonly kind: "activity" }
  | { readonly kind: "sub-orchestration" }
  | { readonly kind: "entity" }
  | { readonly kind: "timer"; readonly cancel: () => void };

/** An unfinished instance in memory. Its history is elsewhere (HistoryCache), so that an idle one stays small. */
export interface LiveInstance {
  record: InstanceRecord;
  /** Messages for the next turn. */
  inbox: Message[];
  /** By the id of the event that scheduled it; a call of an entity and a lock, by the name of the event that answers. */
  readonly outstanding: Map<number | string, Outstanding>;
  nextTurn: number;
  /** Time of the last turn: the orchestrator's clock never runs backwards. */
  lastTurnAt: number;
  phase: "idle" | "queued" | "running";
  /** Activities that all must complete before the function can go on; those that have are taken out. */
  awaited?: Set<number> | undefined;
  /** Set while completions wait for others in the inbox: ends the wait without waking the instance. */
  endHold?: (() => void) | undefined;
  /** The last turn that a worker has run behind the activity that it waits for. */
  followed?: PreparedTurn | undefined;
}

/** A turn that has run already: the `turn`th, with the completion of this task and nothing else. */
export interface PreparedTurn extends FollowedTurn {
  readonly turn: number;
  readonly taskId: number;
}

/** Creates an instance that nothing has happened to yet. */
export function createLiveInstance(record: InstanceRecord): LiveInstance {
  return {
    record,
    inbox: [],
    outstanding: new Map(),
    nextTurn: 0,
    lastTurnAt: 0,
    phase: "idle",
  };
}

/** A new execution ID, as the framework writes them: 32 hexadecimal digits. */
export function newExecutionId(): string {
  return randomUUID().replaceAll("-", "");
}

/** The first message of an execution. Derived from the record, so it needs no row of its own. */
export function startMessage(record: InstanceRecord): Message {
  return {
    sequence: undefined,
    executionId: record.executionId,
    event: executionStarted(record),
  };
}

function executionStarted(record: InstanceRecord): ExecutionStarted {
  const { parent, trace } = record;
  return {
    EventType: EventType.ExecutionStarted,
    EventId: -1,
    Timestamp: new Date(record.updatedAt).toISOString(),
    OrchestrationInstance: {
      InstanceId: record.id,
      ExecutionId: record.executionId,
    },
    ParentInstance:
      parent === undefined
        ? null
        : {
            Name: parent.name,
            OrchestrationInstance: {
              InstanceId: parent.instanceId,
              ExecutionId: parent.executionId,
            },
            TaskScheduleId: parent.taskId,
          },
    Name: record.name,
    Version: record.version,
    Input: record.input ?? null,
    Tags: null,
    ...(trace !== undefined && {
      ParentTraceContext: {
        TraceParent: trace.traceparent,
        TraceState: trace.tracestate ?? null,
      },
    }),
  };
}
