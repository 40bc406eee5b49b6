import type { DecisionLedger } from "./decision-ledger.ts";
import type { DurableMode } from "./durable-mode.ts";
import type { FunctionNames } from "./function-names.ts";
import { OrchestrationFault } from "./orchestration-fault.ts";
import type {
  CallActivity,
  CallSubOrchestrator,
} from "./orchestrator-state.ts";
import { createReplayTask, type ReplayTask } from "./replay-task.ts";

/** Calls of functions, as a replayed orchestration makes them. */
export interface ReplayCalls {
  activity(action: CallActivity): ReplayTask;
  subOrchestrator(action: CallSubOrchestrator): ReplayTask;
}

export interface ReplayCallsOptions {
  readonly instance: {
    readonly id: string;
    readonly executionId: string;
    readonly parentInstanceId: string | undefined;
  };
  readonly names: FunctionNames;
  readonly defaultVersion: string;
  readonly mode: DurableMode;
}

/**
 * Creates the calls over a ledger.
 *
 * @throws OrchestrationFault (each call) for a function that the app has not; in compat mode the call fails without an
 *   id, of which the SDK never hears.
 */
export function createReplayCalls(
  ledger: Pick<DecisionLedger, "decide">,
  { instance, names, defaultVersion, mode }: ReplayCallsOptions,
): ReplayCalls {
  return {
    activity(action) {
      const name = names.activity(action.functionName);
      if (name === undefined) {
        return unknownFunction(mode, "activity", action.functionName);
      }
      const input = toActivityInput(action.input);
      return ledger.decide((id) => ({ kind: "activity", id, name, input }));
    },
    subOrchestrator(action) {
      const name = names.orchestrator(action.functionName);
      if (name === undefined) {
        return unknownFunction(mode, "orchestrator", action.functionName);
      }
      return ledger.decide((id) => ({
        kind: "sub-orchestration",
        id,
        name,
        version: action.version ?? defaultVersion,
        instanceId: toInstanceId(action, instance, id),
        input: JSON.stringify(action.input) ?? null,
      }));
    },
  };
}

/** The SDK has made JSON text of string inputs already. */
function toActivityInput(input: unknown): string | undefined {
  if (input === null || input === undefined) return undefined;
  return typeof input === "string" ? input : JSON.stringify(input);
}

function toInstanceId(
  action: CallSubOrchestrator,
  instance: ReplayCallsOptions["instance"],
  id: number,
): string {
  const wanted = action.instanceId ?? "";
  if (wanted.trim() === "") {
    return `${instance.executionId}:${id}`;
  }
  if (wanted.startsWith("@")) {
    throw new OrchestrationFault(
      `The sub-orchestration '${action.functionName}' was given an entity's instance ID: one that starts with @.`,
    );
  }
  const taken = [instance.id, instance.parentInstanceId];
  if (taken.some((id) => id?.toLowerCase() === wanted.toLowerCase())) {
    throw new OrchestrationFault(
      `The sub-orchestration '${action.functionName}' was given the instance ID of its own or its parent's instance.`,
    );
  }
  return wanted;
}

/** The task of a call to a function that the app has not. @throws OrchestrationFault in strict mode. */
export function unknownFunction(
  mode: DurableMode,
  kind: "activity" | "orchestrator" | "entity",
  name: string,
): ReplayTask {
  if (mode === "strict") {
    throw new OrchestrationFault(
      `The ${kind} function '${name}' does not exist in this app.`,
    );
  }
  const task = createReplayTask();
  task.settle("failed");
  return task;
}
