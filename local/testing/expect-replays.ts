import { isDeepStrictEqual } from "node:util";
import { replayActions } from "../durable/action-replay.ts";
import { createFunctionNames } from "../durable/function-names.ts";
import { EventType, type HistoryEvent } from "../durable/history-event.ts";
import { OrchestrationFault } from "../durable/orchestration-fault.ts";
import { parseOrchestratorState } from "../durable/orchestrator-state.ts";
import { toReplayEvent } from "../durable/replay-event.ts";
import { toScheduledEvent } from "../durable/scheduled-event.ts";
import { sortFunctions, catalogFunctions } from "../host/function-catalogue.ts";
import type { History, Recording } from "./recording.ts";
import { replayEvents, replayHistory, startOf } from "./replay-history.ts";
import { createTestWorkerPort } from "./test-worker-port.ts";
import { showDifference } from "./show-difference.ts";
import type { TestApp } from "./test-app.ts";

/**
 * Asserts that the orchestrator of a history, run from scratch for each of its turns, asks for what the history says it
 * asked for; and where the history was recorded with what the orchestrator did, that it does the same after every event.
 *
 * @throws Error that names the first turn which differs, with both sides.
 */
export async function expectReplays(
  app: TestApp,
  history: History | Recording,
): Promise<void> {
  const difference = await findDifference(app, history);
  if (difference !== undefined) throw new Error(difference);
}

/**
 * Asserts that the orchestrator can not have made a history: a guard for tests that must find a changed orchestrator.
 *
 * @throws Error where it can.
 */
export async function expectNonDeterminism(
  app: TestApp,
  history: History | Recording,
): Promise<void> {
  if ((await findDifference(app, history)) === undefined)
    throw new Error(
      `"${startOf(history).Name}" replays the history of ${history.instanceId}, which it must not.`,
    );
}

async function findDifference(
  app: TestApp,
  history: History | Recording,
): Promise<string | undefined> {
  const found = await findDifferentTurn(app, history);
  if (found !== undefined || !("actions" in history)) return found;
  const replayed = await replayHistory(createTestWorkerPort(app), history);
  return isDeepStrictEqual(replayed, history.actions)
    ? undefined
    : `"${startOf(history).Name}" did something else than when ${history.instanceId} was recorded:\n${showDifference(history.actions, replayed)}`;
}

async function findDifferentTurn(
  app: TestApp,
  history: History,
): Promise<string | undefined> {
  const { Name: name } = startOf(history);
  for (const [index, turn] of turnsOf(history.events).entries()) {
    const where = `"${name}" does not replay turn ${index + 1} of ${history.instanceId}`;
    try {
      const asked = await askedFor(app, history, turn.events);
      if (!isDeepStrictEqual(asked, turn.scheduled))
        return `${where}:\n${showDifference(turn.scheduled, asked)}`;
    } catch (error) {
      if (!(error instanceof OrchestrationFault)) throw error;
      return `${where}: ${error.message}`;
    }
  }
  return undefined;
}

interface RecordedTurn {
  /** Everything until the orchestrator was called. */
  readonly events: readonly HistoryEvent[];
  /** What it asked for then. */
  readonly scheduled: readonly Untimed[];
}

type Untimed = Omit<HistoryEvent, "Timestamp">;

const schedulingTypes: ReadonlySet<number> = new Set([
  EventType.TaskScheduled,
  EventType.SubOrchestrationInstanceCreated,
  EventType.TimerCreated,
  EventType.EventSent,
]);

/** The turns in which the orchestrator was called: a terminated instance's last one it never saw. */
function turnsOf(events: readonly HistoryEvent[]): RecordedTurn[] {
  const turns: RecordedTurn[] = [];
  let start = 0;
  while (start < events.length) {
    const next = events.findIndex(
      (event, index) =>
        index > start && event.EventType === EventType.OrchestratorStarted,
    );
    const end = next === -1 ? events.length : next;
    const turn = events.slice(start, end);
    const isSeen = !turn.some(
      ({ EventType: type }) => type === EventType.ExecutionTerminated,
    );
    const scheduled = turn.filter(({ EventType: type }) =>
      schedulingTypes.has(type),
    );
    const received = turn.filter(
      ({ EventType: type }) =>
        !schedulingTypes.has(type) &&
        type !== EventType.ExecutionCompleted &&
        type !== EventType.OrchestratorCompleted,
    );
    if (isSeen)
      turns.push({
        events: [...events.slice(0, start), ...received],
        scheduled: scheduled.map(withoutTime),
      });
    start = end;
  }
  return turns;
}

/** What the orchestrator asks for that the history before this turn does not hold. */
async function askedFor(
  app: TestApp,
  history: History,
  events: readonly HistoryEvent[],
): Promise<Untimed[]> {
  const answer = await replayEvents(createTestWorkerPort(app), history, events);
  if (answer.kind === "failed") throw new OrchestrationFault(answer.message);
  const { OrchestrationInstance: instance, ParentInstance: parent } =
    startOf(history);
  const { decisions } = replayActions({
    events: events.map(toReplayEvent),
    state: parseOrchestratorState(answer.state),
    instance: {
      id: history.instanceId,
      executionId: instance.ExecutionId,
      parentInstanceId: parent?.OrchestrationInstance.InstanceId,
    },
    names: createFunctionNames(
      sortFunctions(catalogFunctions(app.functions, {}), {}),
    ),
    defaultVersion: "",
    mode: "strict",
  });
  return decisions.map((decision) =>
    withoutTime(toScheduledEvent(decision, "")),
  );
}

function withoutTime(event: HistoryEvent): Untimed {
  const { Timestamp: _time, ...rest } = event;
  return rest;
}
