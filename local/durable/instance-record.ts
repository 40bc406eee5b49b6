import type { ParentInstance, TraceContext } from "./history-event.ts";

/** Runtime statuses, as the management API names them. */
export const runtimeStatuses = [
  "Pending",
  "Running",
  "Suspended",
  "Completed",
  "Failed",
  "Terminated",
  "Canceled",
  "ContinuedAsNew",
] as const;
export type RuntimeStatus = (typeof runtimeStatuses)[number];

/** Statuses of instances that still do something; the engine holds exactly these in memory. */
export const liveStatuses: ReadonlySet<RuntimeStatus> = new Set([
  "Pending",
  "Running",
  "Suspended",
]);

/** An orchestration instance as the task hub keeps it. Times are milliseconds since the epoch. */
export interface InstanceRecord {
  /** The task hub's own key, ascending in order of creation. */
  readonly key: number;
  readonly id: string;
  readonly executionId: string;
  readonly name: string;
  readonly version: string;
  readonly status: RuntimeStatus;
  readonly createdAt: number;
  readonly updatedAt: number;
  readonly parent: ParentInstance | undefined;
  readonly trace: TraceContext | undefined;
  /** JSON text. */
  readonly customStatus: string | undefined;
  /** JSON text; the plain text of a failure or of a reason to terminate. */
  readonly output: string | undefined;
  /** JSON text. */
  readonly input: string | undefined;
}
