import type { CommitLoop } from "../../shared/storage/commit-loop.ts";
import { commitContinuedAsNew } from "./commit-continued-as-new.ts";
import type { Decision } from "./decision.ts";
import { subOrchestrationFailure } from "./failures.ts";
import type { CachedHistory, HistoryCache } from "./history-cache.ts";
import { encodeEvent, EventType, type HistoryEvent } from "./history-event.ts";
import type { InstanceEnds } from "./instance-ends.ts";
import type { LiveInstance, Message } from "./live-instance.ts";
import { toReplayEvent } from "./replay-event.ts";
import { activityInputs, toScheduledEvent } from "./scheduled-event.ts";
import {
  scheduleDecision,
  sendMessages,
  type ScheduleOptions,
} from "./schedule-decision.ts";
import type { TaskHubStore } from "./task-hub-store.ts";
import type { ContinuedTurn, FinishedTurn, TurnResult } from "./turn-result.ts";

/** One orchestrator turn: what it was given and what came of it. */
export interface Turn {
  readonly live: LiveInstance;
  readonly consumed: readonly Message[];
  readonly history: CachedHistory;
  /** OrchestratorStarted and the consumed messages. */
  readonly newEvents: readonly HistoryEvent[];
  readonly result: TurnResult;
}

export interface CommitTurnOptions extends ScheduleOptions {
  readonly store: TaskHubStore;
  readonly loop: CommitLoop;
  readonly cache: HistoryCache;
  readonly ends: Pick<InstanceEnds, "tell">;
}

/**
 * Creates the recording of a turn: the history, the state of the instance, sub-orchestrations, messages to other
 * instances and the removal of the consumed messages are one commit; activities are dispatched after it.
 */
export function createTurnCommit(
  options: CommitTurnOptions,
): (turn: Turn) => void {
  return (turn) =>
    options.loop.write(() => {
      const { hub } = options;
      hub.discard(turn.consumed);
      switch (turn.result.kind) {
        case "continued":
          return commitContinued(options, turn, turn.result);
        case "finished":
          return commitFinished(options, turn, turn.result);
        case "continued-as-new":
          sendMessages(options, turn.result.decisions);
          return commitContinuedAsNew(options, turn, turn.result);
        default:
          return turn.result satisfies never;
      }
    });
}

function commitContinued(
  options: CommitTurnOptions,
  turn: Turn,
  result: ContinuedTurn,
): void {
  const { live } = turn;
  const updatedAt = options.clock.now();
  record(options, turn, { decisions: result.decisions, at: updatedAt });
  live.nextTurn += 1;
  const before = live.record;
  const { status, customStatus } = result;
  live.record = { ...before, status, customStatus, updatedAt };
  // The time alone is not written: recovery reads it from the turn.
  if (status !== before.status) options.store.updateInstance(live.record);
  else if (customStatus !== before.customStatus)
    options.store.updateCustomStatus(live.record);
  if (result.decisions.length > 0)
    live.awaited = result.awaited && new Set(result.awaited);
  for (const decision of result.decisions) {
    scheduleDecision(options, live, decision);
  }
}

function commitFinished(
  options: CommitTurnOptions,
  turn: Turn,
  result: FinishedTurn,
): void {
  const { store, hub, cache, clock } = options;
  const { live } = turn;
  const updatedAt = clock.now();
  record(options, turn, {
    decisions: result.decisions,
    completion: {
      EventType: EventType.ExecutionCompleted,
      EventId: result.completionId,
      Timestamp: toTimestamp(updatedAt),
      OrchestrationStatus: result.status,
      Result: result.output ?? null,
      ...(result.failureDetails !== undefined && {
        FailureDetails: result.failureDetails,
      }),
    },
    at: updatedAt,
  });
  live.record = {
    ...live.record,
    status: result.status,
    customStatus: result.customStatus,
    output: result.output,
    updatedAt,
  };
  store.updateInstance(live.record);
  hub.remove(live);
  options.ends.tell(live.record);
  cache.drop(live.record.key);
  sendMessages(options, result.decisions);
  // A turn that did not end in the function's own way has released nothing.
  if (result.isCutOff) options.entities.releaseLocksOf(live.record.id);
  reportToParent(options, live, result);
}

interface Recording {
  readonly decisions: readonly Decision[];
  readonly completion?: HistoryEvent;
  /** When the turn ended: the instance's `updatedAt`, in milliseconds since the epoch. */
  readonly at: number;
}

/** Appends the turn to the history, in the task hub and in the cache. */
function record(
  options: CommitTurnOptions,
  turn: Turn,
  { decisions, completion, at }: Recording,
): void {
  const { live, history } = turn;
  const Timestamp = toTimestamp(at);
  const events: HistoryEvent[] = [
    ...turn.newEvents,
    ...decisions.map((decision) => toScheduledEvent(decision, Timestamp)),
    ...(completion === undefined ? [] : [completion]),
    { EventType: EventType.OrchestratorCompleted, EventId: -1, Timestamp },
  ];
  const text = events.map((event) => encodeEvent(event, true)).join(",");
  const { key } = live.record;
  options.store.appendTurn(key, live.nextTurn, {
    events: text,
    inputs: activityInputs(decisions),
  });
  options.cache.keep(key, {
    text: history.text === "" ? text : `${history.text},${text}`,
    lastTurn: text,
    events: [...history.events, ...events.map(toReplayEvent)],
  });
}

function reportToParent(
  { hub, clock }: CommitTurnOptions,
  live: LiveInstance,
  result: FinishedTurn,
): void {
  const { parent } = live.record;
  if (parent === undefined) return;
  const common = {
    EventId: -1,
    Timestamp: toTimestamp(clock.now()),
    TaskScheduledId: parent.taskId,
  };
  if (result.status === "Completed") {
    hub.complete(parent, {
      EventType: EventType.SubOrchestrationInstanceCompleted,
      ...common,
      Result: result.output ?? null,
    });
    return;
  }
  hub.complete(parent, {
    EventType: EventType.SubOrchestrationInstanceFailed,
    ...common,
    ...subOrchestrationFailure({
      reason: result.output ?? "",
      error: result.error,
      failureDetails: result.failureDetails,
    }),
  });
}

function toTimestamp(atMs: number): string {
  return new Date(atMs).toISOString();
}
