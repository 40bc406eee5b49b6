import type { CommitLoop } from "../../shared/storage/commit-loop.ts";
import type { Clock } from "./clock.ts";
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
  record(options, turn, result.decisions, []);
  live.nextTurn += 1;
  const before = live.record.status;
  live.record = {
    ...live.record,
    status: result.status,
    customStatus: result.customStatus,
    updatedAt: options.clock.now(),
  };
  if (result.status === before) options.store.updateProgress(live.record);
  else options.store.updateInstance(live.record);
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
  record(options, turn, result.decisions, [
    {
      EventType: EventType.ExecutionCompleted,
      EventId: result.completionId,
      Timestamp: timestamp(clock),
      OrchestrationStatus: result.status,
      Result: result.output ?? null,
      ...(result.failureDetails !== undefined && {
        FailureDetails: result.failureDetails,
      }),
    },
  ]);
  live.record = {
    ...live.record,
    status: result.status,
    customStatus: result.customStatus,
    output: result.output,
    updatedAt: clock.now(),
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

/** Appends the turn to the history, in the task hub and in the cache. */
function record(
  options: CommitTurnOptions,
  turn: Turn,
  decisions: readonly Decision[],
  completion: readonly HistoryEvent[],
): void {
  const { live, history } = turn;
  const at = timestamp(options.clock);
  const events: HistoryEvent[] = [
    ...turn.newEvents,
    ...decisions.map((decision) => toScheduledEvent(decision, at)),
    ...completion,
    { EventType: EventType.OrchestratorCompleted, EventId: -1, Timestamp: at },
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
    Timestamp: timestamp(clock),
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

function timestamp(clock: Clock): string {
  return new Date(clock.now()).toISOString();
}
