import type { DecisionLedger } from "./decision-ledger.ts";
import type { ExternalEvents } from "./external-events.ts";
import { OrchestrationFault } from "./orchestration-fault.ts";
import { ActionType, type OrchestratorAction } from "./orchestrator-state.ts";
import { createReplayCalls, type ReplayCallsOptions } from "./replay-calls.ts";
import { createReplayEntities } from "./replay-entities.ts";
import { createReplayHttp } from "./replay-http.ts";
import { createReplayRetry } from "./replay-retry.ts";
import {
  createReplayTask,
  whenAll,
  whenAny,
  type ReplayTask,
} from "./replay-task.ts";
import { createReplayTimers } from "./replay-timers.ts";

export interface ActionInvoker {
  /** Starts what the action asks for. @throws OrchestrationFault for what cannot be run. */
  invoke(action: OrchestratorAction): ReplayTask;
  /** Set once an action has asked to continue as new; `input` is JSON text. */
  continueAsNew(): { readonly input: string | null } | undefined;
  /** Ends the lock that the orchestration still holds. */
  releaseLocks(): void;
  /** Whether an event of this name is an entity's answer. */
  isEntityReply(eventName: string): boolean;
}

export interface ActionInvokerOptions extends ReplayCallsOptions {
  readonly ledger: DecisionLedger;
  readonly externalEvents: ExternalEvents;
  /** The orchestrator's current time. */
  readonly now: () => number;
}

/** Creates what maps each action of the protocol to a task. */
export function createActionInvoker(
  options: ActionInvokerOptions,
): ActionInvoker {
  const { ledger, externalEvents, now } = options;
  const calls = createReplayCalls(ledger, options);
  const createTimer = createReplayTimers(ledger, now);
  const retry = createReplayRetry(ledger, now, options.mode);
  const callHttp = createReplayHttp(ledger, now);
  const entities = createReplayEntities(options);
  let continueAsNew: { input: string | null } | undefined;

  const invoke = (action: OrchestratorAction): ReplayTask => {
    switch (action.actionType) {
      case ActionType.CallActivity:
        return calls.activity(action);
      case ActionType.CallActivityWithRetry:
        return retry(action, () => calls.activity(action));
      case ActionType.CallSubOrchestrator:
        return calls.subOrchestrator(action);
      case ActionType.CallSubOrchestratorWithRetry:
        return retry(action, () => calls.subOrchestrator(action));
      case ActionType.CreateTimer:
        return createTimer(Date.parse(action.fireAt), action.isCanceled);
      case ActionType.WaitForExternalEvent:
        return externalEvents.wait(action.externalEventName);
      case ActionType.ContinueAsNew:
        continueAsNew = { input: JSON.stringify(action.input) ?? null };
        return done();
      case ActionType.CallHttp:
        return callHttp(action.httpRequest);
      case ActionType.CallEntity:
        return entities.call(action);
      case ActionType.SignalEntity:
        entities.signal(action);
        return done();
      case ActionType.ScheduledSignalEntity:
        entities.signal(action, action.fireAt);
        return done();
      case ActionType.LockEntities:
        return entities.lock(action);
      case ActionType.ReleaseEntities:
        entities.release();
        return done();
      case ActionType.WhenAll:
        return whenAll(action.compoundActions.map(invoke));
      case ActionType.WhenAny:
        return whenAny(action.compoundActions.map(invoke));
      default:
        throw new OrchestrationFault(
          `The orchestrator function uses an action of unknown type ${(action as { readonly actionType: number }).actionType}, which this runtime does not support.`,
        );
    }
  };

  return {
    invoke,
    continueAsNew: () => continueAsNew,
    releaseLocks: entities.release,
    isEntityReply: entities.isReply,
  };
}

/** The task of an action that nobody waits for. */
function done(): ReplayTask {
  const task = createReplayTask();
  task.settle("completed");
  return task;
}
