import { createActionInvoker } from "./action-invoker.ts";
import type { Decision } from "./decision.ts";
import { createDecisionLedger } from "./decision-ledger.ts";
import { createExternalEvents } from "./external-events.ts";
import { EventType } from "./history-event.ts";
import type {
  OrchestratorAction,
  OrchestratorState,
} from "./orchestrator-state.ts";
import type { ReplayCallsOptions } from "./replay-calls.ts";
import type { ReplayEvent } from "./replay-event.ts";
import type { ReplayTask } from "./replay-task.ts";

export interface ActionReplayOptions extends ReplayCallsOptions {
  /** The whole history, the events of this turn included. */
  readonly events: readonly ReplayEvent[];
  readonly state: OrchestratorState;
}

export interface ActionReplayOutcome {
  /** What this turn schedules, by ascending id. */
  readonly decisions: readonly Decision[];
  /** The id that the completion takes. */
  readonly nextId: number;
  readonly suspended: boolean;
  /** All actions are done, nothing is open, and the function returned, threw or continued as new. */
  readonly finished: boolean;
  /** Set when the finished execution is followed by another one; `input` is JSON text. */
  readonly continueAsNew: { readonly input: string | null } | undefined;
  /** Positions in `events` of external events that came after continue-as-new was asked for. */
  readonly carriedOver: readonly number[];
  /** Not finished, and nothing is known that could ever wake it. */
  readonly stuck: boolean;
}

/**
 * Runs the actions of an orchestrator function against its history as the Durable extension does: one action after the
 * other, each awaited before the next is invoked.
 *
 * R1. One counter gives ids, taken when an action is invoked, in lock-step with the counter of the SDK.
 * R2. A pure function of its arguments: each turn starts from the first event again.
 *
 * @throws OrchestrationFault when the history was not made by these actions, or an action cannot be run.
 */
export function replayActions(
  options: ActionReplayOptions,
): ActionReplayOutcome {
  const { events, state } = options;
  let now = 0;
  /** Events since a suspension, by position; undefined while nothing is suspended. */
  let held: number[] | undefined;
  const carriedOver: number[] = [];
  const ledger = createDecisionLedger();
  const externalEvents = createExternalEvents();
  const actions = createActionInvoker({
    ...options,
    ledger,
    externalEvents,
    now: () => now,
  });
  const program = createProgram(state.actions, actions.invoke);

  const raise = (position: number, name: string): void => {
    const isLeftover =
      actions.continueAsNew() !== undefined && !actions.isEntityReply(name);
    if (isLeftover) carriedOver.push(position);
    else if (!externalEvents.deliver(name)) externalEvents.keep(name);
  };

  const apply = (position: number): void => {
    const event = events[position];
    if (event === undefined) return;
    if (event.type === EventType.OrchestratorStarted) now = event.at;
    else if (event.type === EventType.ExecutionResumed) {
      const released = held ?? [];
      held = undefined;
      for (const position of released) apply(position);
    } else if (event.type === EventType.ExecutionSuspended) held ??= [];
    else if (held !== undefined) held.push(position);
    else if (event.type === EventType.ExecutionStarted) program.run();
    else if (event.type === EventType.EventRaised) raise(position, event.name);
    else ledger.apply(event);
  };

  for (const position of events.keys()) apply(position);

  const returned = state.isDone || state.error !== undefined;
  const suspended = held !== undefined;
  const isIdle =
    !suspended && program.isExhausted() && ledger.openCount() === 0;
  const finished = returned && isIdle;
  // Whoever ends without ending its lock would keep others waiting for ever.
  if (finished) actions.releaseLocks();
  return {
    decisions: suspended ? [] : ledger.pending(),
    nextId: ledger.nextId(),
    suspended,
    finished,
    continueAsNew:
      state.error === undefined ? actions.continueAsNew() : undefined,
    carriedOver,
    stuck: !returned && isIdle && !externalEvents.isAwaited(),
  };
}

/** Invokes one action after the other, each when the one before has settled, failed or not. */
function createProgram(
  actions: readonly OrchestratorAction[],
  invoke: (action: OrchestratorAction) => ReplayTask,
): { run(): void; isExhausted(): boolean } {
  let cursor = 0;
  let exhausted = false;
  const run = (): void => {
    while (cursor < actions.length) {
      const action = actions[cursor++];
      if (action === undefined) break;
      const task = invoke(action);
      if (task.settled === "no") {
        task.whenSettled(run);
        return;
      }
    }
    exhausted = true;
  };
  return { run, isExhausted: () => exhausted };
}
