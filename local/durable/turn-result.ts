import type { OrchestratorOutcome } from "../worker-port.ts";
import { replayActions, type ActionReplayOutcome } from "./action-replay.ts";
import type { DurableMode } from "./durable-mode.ts";
import type { Decision } from "./decision.ts";
import { orchestratorFailureReason } from "./failures.ts";
import type { FunctionNames } from "./function-names.ts";
import type { FailureDetails } from "./history-event.ts";
import type { InstanceRecord } from "./instance-record.ts";
import { OrchestrationFault } from "./orchestration-fault.ts";
import {
  parseOrchestratorState,
  type OrchestratorState,
} from "./orchestrator-state.ts";
import type { ReplayEvent } from "./replay-event.ts";

/** What a turn means for its instance. */
export type TurnResult = ContinuedTurn | FinishedTurn | ContinuedAsNewTurn;

export interface ContinuedTurn {
  readonly kind: "continued";
  readonly status: "Running" | "Suspended";
  readonly customStatus: string | undefined;
  readonly decisions: readonly Decision[];
  /** Waits for nothing that is known. */
  readonly stuck: boolean;
}

export interface FinishedTurn {
  readonly kind: "finished";
  readonly status: "Completed" | "Failed" | "Terminated";
  /** JSON text when completed; else the failure or the reason, as it is. */
  readonly output: string | undefined;
  readonly customStatus: string | undefined;
  readonly decisions: readonly Decision[];
  readonly completionId: number;
  readonly error: string | undefined;
  readonly failureDetails: FailureDetails | undefined;
}

export interface ContinuedAsNewTurn {
  readonly kind: "continued-as-new";
  readonly input: string | null;
  readonly customStatus: string | undefined;
  readonly carriedOver: readonly number[];
  /** What the ended execution sends. */
  readonly decisions: readonly Decision[];
}

export interface TurnEvaluation {
  readonly outcome: Exclude<OrchestratorOutcome, { kind: "lost" }>;
  readonly record: InstanceRecord;
  /** The whole history, the events of this turn included. */
  readonly events: readonly ReplayEvent[];
  readonly names: FunctionNames;
  readonly defaultVersion: string;
  readonly mode: DurableMode;
}

/** Decides what follows from what the orchestrator function returned. Pure. */
export function evaluateTurn(turn: TurnEvaluation): TurnResult {
  const { outcome, record } = turn;
  try {
    if (outcome.kind === "failed")
      throw new OrchestrationFault(outcome.message);
    if (turn.mode === "strict" && outcome.repeatedTask !== undefined)
      throw new OrchestrationFault(
        `The task '${outcome.repeatedTask}' was yielded in two compounds (Task.any or Task.all) and would be scheduled twice (durable-js #574). Yield each task in one compound only; run what must outlive it as a sub-orchestration.`,
      );
    const state = parseOrchestratorState(outcome.state);
    const customStatus = toCustomStatus(state) ?? record.customStatus;
    const replayed = replayActions({
      events: turn.events,
      state,
      instance: {
        id: record.id,
        executionId: record.executionId,
        parentInstanceId: record.parent?.instanceId,
      },
      names: turn.names,
      defaultVersion: turn.defaultVersion,
      mode: turn.mode,
    });
    return toTurnResult(record, state, replayed, customStatus);
  } catch (error) {
    if (!(error instanceof OrchestrationFault)) throw error;
    return failedTurn(record, error.message);
  }
}

/** The turn of an instance that was told to terminate. */
export function terminatedTurn(
  record: InstanceRecord,
  reason: string | null,
): FinishedTurn {
  return {
    ...failedTurn(record, ""),
    status: "Terminated",
    output: reason ?? undefined,
    error: undefined,
  };
}

/** The turn of an instance that cannot go on. */
export function failedTurn(
  record: InstanceRecord,
  message: string,
): FinishedTurn {
  return {
    kind: "finished",
    status: "Failed",
    output: orchestratorFailureReason(record.name, message),
    customStatus: record.customStatus,
    decisions: [],
    completionId: -1,
    error: message,
    failureDetails: undefined,
  };
}

/** The turn of an instance of a version that this host does not run and shall fail. */
export function versionMismatchTurn(record: InstanceRecord): FinishedTurn {
  const message = "Orchestration version did not comply with Worker Versioning";
  return {
    ...failedTurn(record, message),
    output: message,
    failureDetails: {
      ErrorType: "VersionMismatch",
      ErrorMessage: message,
      StackTrace: null,
      IsNonRetriable: true,
    },
  };
}

function toTurnResult(
  record: InstanceRecord,
  state: OrchestratorState,
  replayed: ActionReplayOutcome,
  customStatus: string | undefined,
): TurnResult {
  if (!replayed.finished) {
    return {
      kind: "continued",
      status: replayed.suspended ? "Suspended" : "Running",
      customStatus,
      decisions: replayed.decisions,
      stuck: replayed.stuck,
    };
  }
  if (replayed.continueAsNew !== undefined) {
    return {
      kind: "continued-as-new",
      input: replayed.continueAsNew.input,
      customStatus,
      carriedOver: replayed.carriedOver,
      decisions: replayed.decisions,
    };
  }
  const { error } = state;
  return {
    kind: "finished",
    status: error === undefined ? "Completed" : "Failed",
    output:
      error === undefined
        ? JSON.stringify(state.output)
        : orchestratorFailureReason(record.name, error),
    customStatus,
    decisions: replayed.decisions,
    completionId: replayed.nextId,
    error,
    failureDetails: state.failureDetails,
  };
}

const MAX_CUSTOM_STATUS_BYTES = 16 * 1024;

function toCustomStatus(state: OrchestratorState): string | undefined {
  if (state.customStatus === undefined || state.customStatus === null) {
    return undefined;
  }
  const text = JSON.stringify(state.customStatus);
  if (text.length * 2 > MAX_CUSTOM_STATUS_BYTES) {
    throw new OrchestrationFault(
      `The custom status is longer than 16 KB of UTF-16 text (${text.length * 2} bytes).`,
    );
  }
  return text;
}
