import type { EntityId } from "./entities/entity-id.ts";
import type { FailureDetails } from "./history-event.ts";
import type { DurableHttpRequest } from "./http/http-messages.ts";
import { OrchestrationFault } from "./orchestration-fault.ts";

/** Action types by their numbers in the out-of-process protocol. */
export const ActionType = {
  CallActivity: 0,
  CallActivityWithRetry: 1,
  CallSubOrchestrator: 2,
  CallSubOrchestratorWithRetry: 3,
  ContinueAsNew: 4,
  CreateTimer: 5,
  WaitForExternalEvent: 6,
  CallEntity: 7,
  CallHttp: 8,
  SignalEntity: 9,
  ScheduledSignalEntity: 10,
  WhenAny: 11,
  WhenAll: 12,
  LockEntities: 13,
  ReleaseEntities: 14,
} as const;

export interface RetryOptions {
  readonly firstRetryIntervalInMilliseconds: number;
  readonly maxNumberOfAttempts: number;
  readonly backoffCoefficient?: number;
  readonly maxRetryIntervalInMilliseconds?: number;
  readonly retryTimeoutInMilliseconds?: number;
}

export interface CallActivity {
  readonly actionType: 0 | 1;
  readonly functionName: string;
  readonly input?: unknown;
}

export interface CallSubOrchestrator {
  readonly actionType: 2 | 3;
  readonly functionName: string;
  readonly instanceId?: string | null;
  readonly input?: unknown;
  readonly version?: string | null;
}

export interface EntityAction {
  readonly actionType: 7 | 9 | 10;
  /** `@name@key` */
  readonly instanceId: string;
  readonly operation: string;
  readonly input?: unknown;
}

export interface LockEntities {
  readonly actionType: 13;
  readonly lockSet: readonly EntityId[];
  readonly lockRequestId: string;
}

export type OrchestratorAction =
  | (CallActivity & { readonly actionType: 0 })
  | (CallActivity & {
      readonly actionType: 1;
      readonly retryOptions: RetryOptions;
    })
  | (CallSubOrchestrator & { readonly actionType: 2 })
  | (CallSubOrchestrator & {
      readonly actionType: 3;
      readonly retryOptions: RetryOptions;
    })
  | { readonly actionType: 4; readonly input?: unknown }
  | {
      readonly actionType: 5;
      readonly fireAt: string;
      readonly isCanceled: boolean;
    }
  | { readonly actionType: 6; readonly externalEventName: string }
  | (EntityAction & { readonly actionType: 7 | 9 })
  | (EntityAction & { readonly actionType: 10; readonly fireAt: string })
  | LockEntities
  | { readonly actionType: 8; readonly httpRequest: DurableHttpRequest }
  | { readonly actionType: 14 }
  | {
      readonly actionType: 11 | 12;
      readonly compoundActions: readonly OrchestratorAction[];
    };

/** What an orchestrator function returns after a turn: everything it has asked for since its start. */
export interface OrchestratorState {
  readonly isDone: boolean;
  readonly actions: readonly OrchestratorAction[];
  readonly output?: unknown;
  readonly customStatus?: unknown;
  readonly error?: string;
  readonly failureDetails?: FailureDetails;
}

/**
 * Reads the returned state (schema V2 and later: one list of actions, compound actions kept whole).
 *
 * @throws OrchestrationFault when it is of another shape.
 */
export function parseOrchestratorState(text: string): OrchestratorState {
  const state = parseObject(text);
  const { actions, schemaVersion } = state;
  if (
    !Array.isArray(actions) ||
    actions.length !== 1 ||
    !Array.isArray(actions[0])
  ) {
    throw new OrchestrationFault(
      `The orchestrator function returned actions of replay schema ${String(schemaVersion)}; exactly one list of actions was expected.`,
    );
  }
  return {
    isDone: state.isDone === true,
    actions: actions[0] as OrchestratorAction[],
    output: state.output,
    customStatus: state.customStatus,
    ...(typeof state.error === "string" && { error: state.error }),
    ...(state.failureDetails !== undefined && {
      failureDetails: state.failureDetails,
    }),
  };
}

/** What an orchestrator function has done since the last turn of its session. */
export interface ResumedState {
  readonly actions: readonly OrchestratorAction[];
  readonly customStatus?: unknown;
}

/** Reads what a resumed function answers. @throws OrchestrationFault when it is of another shape. */
export function parseResumedState(text: string): ResumedState {
  const { actions, customStatus } = parseObject(text);
  if (!Array.isArray(actions)) {
    throw new OrchestrationFault("The resumed function returned no actions.");
  }
  return { actions: actions as OrchestratorAction[], customStatus };
}

interface WireState {
  readonly isDone?: unknown;
  readonly actions?: unknown;
  readonly schemaVersion?: unknown;
  readonly output?: unknown;
  readonly customStatus?: unknown;
  readonly error?: unknown;
  readonly failureDetails?: FailureDetails;
}

function parseObject(text: string): WireState {
  try {
    const value: unknown = JSON.parse(text);
    if (typeof value === "object" && value !== null) return value;
  } catch {
    // Said below, without the text: it may hold user data.
  }
  throw new OrchestrationFault(
    "The orchestrator function returned no orchestrator state. Is it registered through durable-functions?",
  );
}
