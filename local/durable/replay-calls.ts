import type { DecisionLedger } from "./decision-ledger.ts";
import type { FunctionNames } from "./function-names.ts";
import { OrchestrationFault } from "./orchestration-fault.ts";
import type {
  CallActivity,
  CallSubOrchestrator,
} from "./orchestrator-state.ts";
import type { ReplayTask } from "./replay-task.ts";

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
}

/** Creates the calls over a ledger. @throws OrchestrationFault (each call) for a function that the app has not. */
export function createReplayCalls(
  ledger: Pick<DecisionLedger, "decide">,
  { instance, names, defaultVersion }: ReplayCallsOptions,
): ReplayCalls {
  return {
    activity(action) {
      const name = names.activity(action.functionName);
      if (name === undefined) throw unknownFunction("activity", action);
      const input = toActivityInput(action.input);
      return ledger.decide((id) => ({ kind: "activity", id, name, input }));
    },
    subOrchestrator(action) {
      const name = names.orchestrator(action.functionName);
      if (name === undefined) throw unknownFunction("orchestrator", action);
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
  const wanted = action.instanceId?.trim();
  if (wanted === undefined || wanted === "") {
    return `${instance.executionId}:${id}`;
  }
  if (wanted === instance.id || wanted === instance.parentInstanceId) {
    throw new OrchestrationFault(
      `The sub-orchestration '${action.functionName}' was given the instance ID of its own or its parent's instance.`,
    );
  }
  return wanted;
}

function unknownFunction(
  kind: "activity" | "orchestrator",
  action: { readonly functionName: string },
): OrchestrationFault {
  return new OrchestrationFault(
    `The ${kind} function '${action.functionName}' does not exist in this app.`,
  );
}
