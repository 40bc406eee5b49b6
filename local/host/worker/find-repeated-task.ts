/** An action as the SDK makes it, one object for each task; a compound holds those of its tasks. */
export interface Action {
  readonly actionType?: number;
  readonly compoundActions?: readonly Action[];
  readonly functionName?: string;
  readonly externalEventName?: string;
}

/**
 * The name of a task that an orchestrator yielded in two compounds: the SDK then asks for it a second time, and the
 * second one runs beside the first (durable-js #574). Only where the SDK runs can it be seen that both are one task: in
 * JSON they are two.
 *
 * @param result what the orchestrator's function returned; whatever is no orchestrator's state has none
 */
export function findRepeatedTask(result: unknown): string | undefined {
  return isState(result)
    ? findRepeatedAction(result.actions.flat(), new Set())
    : undefined;
}

/** The same for actions as they come; `seen` holds those that came before, and takes these. */
export function findRepeatedAction(
  actions: readonly Action[],
  seen: Set<Action>,
): string | undefined {
  const visit = (some: readonly Action[]): Action | undefined => {
    for (const action of some) {
      const repeated = action.compoundActions
        ? visit(action.compoundActions)
        : seen.has(action) && action;
      if (repeated) return repeated;
      seen.add(action);
    }
    return undefined;
  };
  const found = visit(actions);
  return found && nameOfAction(found);
}

/** What messages call actions that have no name of their own, by the SDK's number of their type. */
const unnamed: Readonly<Record<number, string>> = {
  4: "continueAsNew",
  5: "timer",
  7: "callEntity",
  8: "callHttp",
  9: "signalEntity",
  13: "lock",
  14: "unlock",
};

/** What a message calls the action. */
export function nameOfAction(action: Action): string {
  return (
    action.functionName ??
    action.externalEventName ??
    unnamed[action.actionType ?? -1] ??
    "task"
  );
}

interface State {
  readonly isDone: boolean;
  readonly actions: readonly (readonly Action[])[];
}

function isState(result: unknown): result is State {
  return (
    typeof result === "object" &&
    result !== null &&
    "isDone" in result &&
    "actions" in result &&
    Array.isArray(result.actions)
  );
}
