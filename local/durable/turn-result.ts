import type {
  OrchestratorOutcome,
  OrchestratorResumption,
} from "../worker-port.ts";
import {
  advanceByAll,
  type ActionReplay,
  type ActionReplayOutcome,
} from "./action-replay.ts";
import type { DurableMode } from "./durable-mode.ts";
import type { Decision } from "./decision.ts";
import { orchestratorFailureReason } from "./failures.ts";
import type { FailureDetails } from "./history-event.ts";
import type { InstanceRecord } from "./instance-record.ts";
import { OrchestrationFault } from "./orchestration-fault.ts";
import {
  ActionType,
  parseOrchestratorState,
  parseResumedState,
  type OrchestratorAction,
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
  /** Activities of this turn that all must complete before the function can go on, where that is known. */
  readonly awaited: readonly number[] | undefined;
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
  /** The function did not end by itself: what it has locked is still locked. */
  readonly isCutOff: boolean;
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
  /** Of the execution before, for the first turn of one that continues it. */
  readonly carriedStatus: string | undefined;
  /** A new one. */
  readonly replay: ActionReplay;
  /** The whole history, the events of this turn included. */
  readonly events: readonly ReplayEvent[];
  readonly mode: DurableMode;
}

/** Decides what follows from what the orchestrator function returned. Pure but for `replay`, which has run after it. */
export function evaluateTurn(turn: TurnEvaluation): TurnResult {
  const { outcome, record, replay, events } = turn;
  try {
    if (outcome.kind === "failed")
      throw new OrchestrationFault(outcome.message);
    if (turn.mode === "strict") refuseDoubtful(outcome);
    const state = parseOrchestratorState(outcome.state);
    if (turn.mode === "strict") refuseSilentFailure(outcome, state);
    const customStatus = toCustomStatus(state.customStatus);
    const replayed = advanceByAll(replay, events, state);
    return toTurnResult(
      record,
      state,
      replayed,
      customStatus ?? turn.carriedStatus,
    );
  } catch (error) {
    if (!(error instanceof OrchestrationFault)) throw error;
    return failedTurn(record, error.message);
  }
}

export interface ResumedTurn {
  readonly outcome: Extract<OrchestratorResumption, { kind: "waiting" }>;
  /** That of the session's last turn. */
  readonly replay: ActionReplay;
  /** What has come since. */
  readonly events: readonly ReplayEvent[];
}

/**
 * Decides what follows from how the orchestrator function went on from where it waited.
 *
 * @returns undefined when only the function's replay from the start can tell: in doubt, and where the instance would fail
 */
export function evaluateResumed(turn: ResumedTurn): ContinuedTurn | undefined {
  const { outcome, replay, events } = turn;
  // It would be scheduled twice.
  if (outcome.repeatedTask !== undefined) return undefined;
  try {
    const { actions, customStatus } = parseResumedState(outcome.state);
    const replayed = replay.advance({
      events,
      actions,
      isReturned: false,
      isFailed: false,
    });
    if (replayed === undefined || replayed.stuck) return undefined;
    return toContinuedTurn(
      replayed,
      toCustomStatus(customStatus),
      actions.at(-1),
    );
  } catch (error) {
    if (!(error instanceof OrchestrationFault)) throw error;
    return undefined;
  }
}

/** @throws OrchestrationFault for what Azure lets pass or hangs at, and strict mode does not. */
function refuseDoubtful({
  repeatedTask,
  divergence,
}: Extract<OrchestratorOutcome, { kind: "state" }>): void {
  if (divergence !== undefined) {
    throw new OrchestrationFault(
      `Non-Deterministic workflow detected: replayed from its start, the function asks for ${divergence} in another way than when it ran. It depends on something that differs between replays.`,
    );
  }
  if (repeatedTask !== undefined) {
    throw new OrchestrationFault(
      `The task '${repeatedTask}' was yielded in two compounds (Task.any or Task.all) and would be scheduled twice (durable-js #574). Yield each task in one compound only; run what must outlive it as a sub-orchestration.`,
    );
  }
}

/**
 * The SDK writes the message of what was thrown, and of a value that has none the extension sees only that the function
 * is not done, and waits for ever.
 *
 * @throws OrchestrationFault
 */
function refuseSilentFailure(
  { isThrown }: Extract<OrchestratorOutcome, { kind: "state" }>,
  { error }: OrchestratorState,
): void {
  if (isThrown === true && error === undefined) {
    throw new OrchestrationFault(
      "The function threw something that is no error with a message, and the SDK does not pass it on. Throw an Error.",
    );
  }
}

/** The turn of an instance that was told to terminate; `nextId` is the id that its next action would have had. */
export function terminatedTurn(
  record: InstanceRecord,
  reason: string | null,
  nextId: number,
): FinishedTurn {
  return {
    ...failedTurn(record, ""),
    completionId: nextId,
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
    output: faultOutput(record.name, message),
    customStatus: record.customStatus,
    decisions: [],
    completionId: -1,
    isCutOff: true,
    error: message,
    failureDetails: undefined,
  };
}

/** The framework itself finds that a history does not fit, and says so without the function's name. */
function faultOutput(name: string, message: string): string {
  return message.startsWith("Non-Deterministic workflow detected: ")
    ? message
    : orchestratorFailureReason(name, message);
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
  if (!replayed.finished)
    return toContinuedTurn(replayed, customStatus, state.actions.at(-1));
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
    isCutOff: false,
    error,
    failureDetails: state.failureDetails,
  };
}

/** `last` is what the function asked for last. */
function toContinuedTurn(
  replayed: ActionReplayOutcome,
  customStatus: string | undefined,
  last: OrchestratorAction | undefined,
): ContinuedTurn {
  return {
    kind: "continued",
    status: replayed.suspended ? "Suspended" : "Running",
    customStatus,
    decisions: replayed.decisions,
    awaited: toAwaited(replayed.decisions, last),
    stuck: replayed.stuck,
  };
}

/** What `Task.all` over activities waits for, where it is all that the turn has asked for. */
function toAwaited(
  decisions: readonly Decision[],
  last: OrchestratorAction | undefined,
): readonly number[] | undefined {
  if (last?.actionType !== ActionType.WhenAll) return undefined;
  const { compoundActions } = last;
  const isAll =
    compoundActions.length === decisions.length &&
    compoundActions.every(
      ({ actionType }) => actionType === ActionType.CallActivity,
    );
  return isAll ? decisions.map(({ id }) => id) : undefined;
}

const MAX_CUSTOM_STATUS_BYTES = 16 * 1024;

/** Undefined where the function has set none, or has taken it back: the SDK leaves out what is falsy. */
function toCustomStatus(customStatus: unknown): string | undefined {
  if (customStatus === undefined || customStatus === null) return undefined;
  const text = JSON.stringify(customStatus);
  if (text.length * 2 > MAX_CUSTOM_STATUS_BYTES) {
    throw new OrchestrationFault(
      `The custom status is longer than 16 KB of UTF-16 text (${text.length * 2} bytes).`,
    );
  }
  return text;
}
