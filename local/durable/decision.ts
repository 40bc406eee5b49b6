import type { EntityMessage } from "./entities/entity-message.ts";

/** Something that a turn schedules, under the sequence id that the orchestrator function counts too. */
export type Decision =
  | ActivityDecision
  | SubOrchestrationDecision
  | TimerDecision
  | EntityMessageDecision;

export interface ActivityDecision {
  readonly kind: "activity";
  readonly id: number;
  /** The registered name. */
  readonly name: string;
  /** JSON text, or undefined for no input. */
  readonly input: string | undefined;
}

export interface SubOrchestrationDecision {
  readonly kind: "sub-orchestration";
  readonly id: number;
  /** The registered name. */
  readonly name: string;
  readonly version: string;
  readonly instanceId: string;
  /** JSON text, or null for no input. */
  readonly input: string | null;
}

export interface TimerDecision {
  readonly kind: "timer";
  readonly id: number;
  /** Milliseconds since the epoch. */
  readonly fireAt: number;
}

export interface EntityMessageDecision {
  readonly kind: "entity-message";
  readonly id: number;
  /** `@name@key` */
  readonly entityId: string;
  readonly message: EntityMessage;
}
