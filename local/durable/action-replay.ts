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

/** What has come since the last step. */
export interface ActionReplayStep {
  readonly events: readonly ReplayEvent[];
  readonly actions: readonly OrchestratorAction[];
  /** The function returned, threw or continued as new. */
  readonly isReturned: boolean;
  readonly isFailed: boolean;
}

/** The actions of one execution, run against its history. */
export interface ActionReplay {
  /**
   * Goes on with the events and actions that are new. After a fault the replay must not be used again.
   *
   * @returns undefined when only a replay from the first event can tell what follows
   * @throws OrchestrationFault when the history was not made by these actions, or an action cannot be run.
   */
  advance(step: ActionReplayStep): ActionReplayOutcome | undefined;
}

/**
 * Creates what runs the actions of an orchestrator function against its history as the Durable extension does: one
 * action after the other, each awaited before the next is invoked.
 *
 * R1. One counter gives ids, taken when an action is invoked, in lock-step with the counter of the SDK.
 * R2. The outcome is a pure function of all events and actions so far: however they are cut into steps, it is that of
 *     one step with all of them.
 */
export function createActionReplay(options: ReplayCallsOptions): ActionReplay {
  let now = 0;
  let position = 0;
  /** Events since a suspension, by position; undefined while nothing is suspended. */
  let held: (readonly [position: number, event: ReplayEvent])[] | undefined;
  const carriedOver: number[] = [];
  const ledger = createDecisionLedger();
  const externalEvents = createExternalEvents();
  const actions = createActionInvoker({
    ...options,
    ledger,
    externalEvents,
    now: () => now,
  });
  const program = createProgram(actions.invoke);

  const raise = (at: number, name: string): void => {
    const isLeftover =
      actions.continueAsNew() !== undefined && !actions.isEntityReply(name);
    if (isLeftover) carriedOver.push(at);
    else if (!externalEvents.deliver(name)) externalEvents.keep(name);
  };

  const apply = (at: number, event: ReplayEvent): void => {
    if (event.type === EventType.OrchestratorStarted) now = event.at;
    else if (event.type === EventType.ExecutionResumed) {
      const released = held ?? [];
      held = undefined;
      for (const [heldAt, heldEvent] of released) apply(heldAt, heldEvent);
    } else if (event.type === EventType.ExecutionSuspended) held ??= [];
    else if (held !== undefined) held.push([at, event]);
    else if (event.type === EventType.ExecutionStarted) program.run();
    else if (event.type === EventType.EventRaised) raise(at, event.name);
    else ledger.apply(event);
  };

  return {
    advance({ events, actions: more, isReturned, isFailed }) {
      if (!program.add(more)) return undefined;
      for (const event of events) apply(position++, event);

      const suspended = held !== undefined;
      const isIdle =
        !suspended && program.isExhausted() && ledger.openCount() === 0;
      const finished = isReturned && isIdle;
      // Whoever ends without ending its lock would keep others waiting for ever.
      if (finished) actions.releaseLocks();
      return {
        decisions: suspended ? [] : ledger.pending(),
        nextId: ledger.nextId(),
        suspended,
        finished,
        continueAsNew: isFailed ? undefined : actions.continueAsNew(),
        carriedOver,
        stuck: !isReturned && isIdle && !externalEvents.isAwaited(),
      };
    },
  };
}

export interface ActionReplayOptions extends ReplayCallsOptions {
  /** The whole history, the events of this turn included. */
  readonly events: readonly ReplayEvent[];
  readonly state: OrchestratorState;
}

/**
 * Runs all actions against all events in one step.
 *
 * @throws OrchestrationFault as `advance` does.
 */
export function replayActions({
  events,
  state,
  ...options
}: ActionReplayOptions): ActionReplayOutcome {
  return advanceByAll(createActionReplay(options), events, state);
}

/** Takes a new replay through the whole history. @throws OrchestrationFault as `advance` does. */
export function advanceByAll(
  replay: ActionReplay,
  events: readonly ReplayEvent[],
  state: OrchestratorState,
): ActionReplayOutcome {
  const isFailed = state.error !== undefined;
  const outcome = replay.advance({
    events,
    actions: state.actions,
    isReturned: state.isDone || isFailed,
    isFailed,
  });
  if (outcome === undefined) throw new Error("The replay is not new.");
  return outcome;
}

/**
 * Invokes one action after the other, each when the one before has settled, failed or not. More actions can be added
 * until the last one has settled: after that, they would have been invoked earlier, had they been known.
 */
function createProgram(invoke: (action: OrchestratorAction) => ReplayTask): {
  add(actions: readonly OrchestratorAction[]): boolean;
  run(): void;
  isExhausted(): boolean;
} {
  const actions: OrchestratorAction[] = [];
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
  return {
    add(more) {
      if (exhausted && more.length > 0) return false;
      for (const action of more) actions.push(action);
      return true;
    },
    run,
    isExhausted: () => exhausted,
  };
}
