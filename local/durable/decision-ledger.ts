import { assertTimerDate } from "./assert-timer-date.ts";
import type { Decision } from "./decision.ts";
import { toEventName } from "./entities/entity-message.ts";
import { EventType } from "./history-event.ts";
import type { HttpPoll } from "./http/http-messages.ts";
import { OrchestrationFault } from "./orchestration-fault.ts";
import type { ReplayEvent } from "./replay-event.ts";
import { createReplayTask, type ReplayTask } from "./replay-task.ts";

/** The extension's `maxOrchestrationActions`. */
const MAX_ACTIONS = 100_000;

/**
 * The scheduled work of one replayed orchestration: gives ids, meets scheduling events of the history with what the
 * actions asked for, and settles what the history completes.
 */
export interface DecisionLedger {
  /**
   * Takes the next id. A decision that is cancelled is scheduled too, but has failed already and is not open.
   *
   * @throws OrchestrationFault for a timer without a valid date
   */
  decide(
    toDecision: (id: number) => Decision,
    isCancelled?: boolean,
  ): ReplayTask;
  /** Takes the next id for something that is sent, and that keeps nothing open. */
  send(toDecision: (id: number) => Decision): void;
  /** @throws OrchestrationFault when a scheduling event meets another decision, or none. */
  apply(event: ReplayEvent): void;
  /** What the history has not recorded yet, by ascending id. */
  pending(): Decision[];
  /** How many scheduled tasks keep the instance from completing. */
  openCount(): number;
  /** What the answer to the durable HTTP request of this id says about asking again. */
  pollAfter(id: number): HttpPoll | undefined;
  nextId(): number;
}

/** Creates an empty ledger; the first id is 0. */
export function createDecisionLedger(): DecisionLedger {
  const pending = new Map<number, Decision>();
  const open = new Map<number, ReplayTask>();
  const polls = new Map<number, HttpPoll>();
  let nextId = 0;

  const settle = (id: number, as: "completed" | "failed"): void => {
    const task = open.get(id);
    open.delete(id);
    task?.settle(as);
  };

  const take = (toDecision: (id: number) => Decision): number => {
    const id = nextId++;
    if (id >= MAX_ACTIONS) throw tooManyActions();
    const decision = toDecision(id);
    if (decision.kind === "timer") assertTimerDate(decision.fireAt);
    pending.set(id, decision);
    return id;
  };

  return {
    decide(toDecision, isCancelled = false) {
      const id = take(toDecision);
      const task = createReplayTask();
      if (isCancelled) task.settle("failed");
      else open.set(id, task);
      return task;
    },
    send: (toDecision) => void take(toDecision),
    apply(event) {
      const role = roles.get(event.type);
      if (event.poll !== undefined) polls.set(event.id, event.poll);
      if (role === "completed" || role === "failed") settle(event.id, role);
      else if (role !== undefined) {
        checkRecorded(event, role, pending.get(event.id));
        pending.delete(event.id);
      }
    },
    pending: () => [...pending.values()],
    openCount: () => open.size,
    pollAfter: (id) => polls.get(id),
    nextId: () => nextId,
  };
}

/** What an event says to the ledger: which kind of decision it records, or how a task ended. */
const roles = new Map<number, Decision["kind"] | "completed" | "failed">([
  [EventType.TaskScheduled, "activity"],
  [EventType.SubOrchestrationInstanceCreated, "sub-orchestration"],
  [EventType.TimerCreated, "timer"],
  [EventType.EventSent, "entity-message"],
  [EventType.TaskCompleted, "completed"],
  [EventType.SubOrchestrationInstanceCompleted, "completed"],
  [EventType.TimerFired, "completed"],
  [EventType.TaskFailed, "failed"],
  [EventType.SubOrchestrationInstanceFailed, "failed"],
]);

function checkRecorded(
  event: ReplayEvent,
  kind: Decision["kind"],
  decision: Decision | undefined,
): void {
  const name = decision === undefined ? "" : nameOf(decision);
  const isSame =
    decision?.kind === kind && name.toLowerCase() === event.name.toLowerCase();
  if (isSame) return;
  const recorded = describe(kind, event.name);
  const asked =
    decision === undefined ? "nothing" : describe(decision.kind, name);
  throw new OrchestrationFault(
    `Non-Deterministic workflow detected: under sequence ID ${event.id} the history holds ${recorded}, but this replay asked for ${asked}. Either the function's code was changed while this instance ran, or it depends on something that differs between replays.`,
  );
}

function nameOf(decision: Decision): string {
  if (decision.kind === "timer") return "";
  return decision.kind === "entity-message"
    ? toEventName(decision.message)
    : decision.name;
}

function describe(kind: Decision["kind"], name: string): string {
  return name === "" ? kind : `${kind} '${name}'`;
}

function tooManyActions(): OrchestrationFault {
  return new OrchestrationFault(
    `The orchestrator function scheduled more than ${MAX_ACTIONS} actions. Use continue-as-new.`,
  );
}
