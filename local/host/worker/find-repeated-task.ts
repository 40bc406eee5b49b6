/** An action as the SDK makes it, one object for each task; a compound holds those of its tasks. */
interface Action {
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
  if (!isState(result)) return undefined;
  const seen = new Set<Action>();
  const visit = (actions: readonly Action[]): Action | undefined => {
    for (const action of actions) {
      const repeated = action.compoundActions
        ? visit(action.compoundActions)
        : seen.has(action) && action;
      if (repeated) return repeated;
      seen.add(action);
    }
    return undefined;
  };
  const found = visit(result.actions.flat());
  return found && (found.functionName ?? found.externalEventName ?? "timer");
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
