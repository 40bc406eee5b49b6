import {
  findRepeatedAction,
  nameOfAction,
  type Action,
} from "./find-repeated-task.ts";

/** A history event as the SDK reads it. */
interface HistoryEvent {
  Timestamp: Date;
}

/** The SDK's executor, which holds the function's generator: what is used of it, by the names that it has there. */
interface Executor {
  readonly context: { readonly customStatus?: unknown };
  readonly actions: readonly Action[];
  readonly output?: unknown;
  readonly exception?: { readonly message?: unknown } | null;
  processEvent(event: HistoryEvent): void;
  isDoneExecuting(): boolean;
}

/** An orchestrator function that waits, with all that it has asked for since its start. */
export interface KeptOrchestrator {
  /** False once it has returned, thrown or continued as new. */
  isWaiting(): boolean;
  /** How many events of the history it has seen. */
  seen(): number;
  /**
   * Gives it the events of the history from position `from` on; those that it has seen are passed over.
   *
   * @returns what is new, or undefined when it waits no more or has taken back a timer: only its replay can tell then
   * what follows, and it must not be given anything more.
   */
  give(from: number, events: readonly unknown[]): NewActions | undefined;
  /** The first action that `other`, the same function replayed, has asked for in another way or not at all. */
  findDivergence(other: KeptOrchestrator): string | undefined;
  actions(): readonly Action[];
  /** JSON text of what it returned or threw; undefined while it waits. */
  end(): string | undefined;
}

export interface NewActions {
  /** JSON text, `{ actions, customStatus? }`. */
  readonly state: string;
  readonly repeatedTask: string | undefined;
}

/**
 * Takes hold of the orchestrator function that was invoked with `context` and has seen `seen` events.
 *
 * The SDK hangs its executor on the context that it gives to the function, and the executor takes events one by one: a
 * turn is what `execute` does with the events that are new.
 *
 * @returns undefined when the context holds no executor of the known shape
 */
export function keepOrchestrator(
  context: unknown,
  seen: number,
): KeptOrchestrator | undefined {
  const executor = findExecutor(context);
  return executor && createKeptOrchestrator(executor, seen);
}

/** How the function that was invoked with `context` has ended: see `KeptOrchestrator.end`. */
export function readOrchestratorEnd(context: unknown): string | undefined {
  const executor = findExecutor(context);
  return executor?.isDoneExecuting() === true ? toEnd(executor) : undefined;
}

function createKeptOrchestrator(
  executor: Executor,
  seenAtFirst: number,
): KeptOrchestrator {
  const known = new Set<Action>();
  const timers: CancellableAction[] = [];
  let seen = seenAtFirst;
  let told = 0;

  /** Takes the actions that nobody was told of yet. */
  const takeNew = (): readonly Action[] => {
    const actions = executor.actions.slice(told);
    told = executor.actions.length;
    collectTimers(actions, timers);
    return actions;
  };
  findRepeatedAction(takeNew(), known);

  return {
    isWaiting: () => !executor.isDoneExecuting(),
    seen: () => seen,
    actions: () => executor.actions,
    end: () => (executor.isDoneExecuting() ? toEnd(executor) : undefined),
    give(from, events) {
      const unseen = events.slice(seen - from);
      seen = from + events.length;
      for (const event of unseen) {
        executor.processEvent(toHistoryEvent(event));
        if (executor.isDoneExecuting()) return undefined;
      }
      if (timers.some((timer) => timer.isCanceled)) return undefined;
      const actions = takeNew();
      const { customStatus } = executor.context;
      return {
        // The SDK leaves out a custom status that is falsy.
        state: JSON.stringify({
          actions,
          ...(customStatus ? { customStatus } : {}),
        }),
        repeatedTask: findRepeatedAction(actions, known),
      };
    },
    findDivergence(other) {
      const replayed = other.actions();
      const at = executor.actions.findIndex(
        (action, index) =>
          JSON.stringify(action) !== JSON.stringify(replayed[index]),
      );
      const action = executor.actions[at] ?? replayed[executor.actions.length];
      return action && `'${nameOfAction(action)}'`;
    },
  };
}

function toEnd({ output, exception }: Executor): string | undefined {
  try {
    return JSON.stringify([output, exception?.message]);
  } catch {
    // What is no JSON fails the turn all the same.
    return undefined;
  }
}

interface CancellableAction extends Action {
  readonly isCanceled: boolean;
}

/** Adds the timers among the actions that may still be taken back. */
function collectTimers(
  actions: readonly Action[],
  timers: CancellableAction[],
): void {
  for (const action of actions) {
    if (action.compoundActions) collectTimers(action.compoundActions, timers);
    else if ("isCanceled" in action && action.isCanceled === false) {
      timers.push(action as CancellableAction);
    }
  }
}

function findExecutor(context: unknown): Executor | undefined {
  const executor = (
    context as { df?: { taskOrchestratorExecutor?: Partial<Executor> } }
  ).df?.taskOrchestratorExecutor;
  return Array.isArray(executor?.actions) &&
    typeof executor.processEvent === "function" &&
    typeof executor.isDoneExecuting === "function" &&
    typeof executor.context === "object"
    ? (executor as Executor)
    : undefined;
}

/** The SDK reads an event's time as a date, and turns the texts of a whole payload into dates. */
function toHistoryEvent(event: unknown): HistoryEvent {
  const { Timestamp } = event as { Timestamp: string | Date };
  return { ...(event as object), Timestamp: new Date(Timestamp) };
}
