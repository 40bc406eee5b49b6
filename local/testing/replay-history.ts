import {
  encodeEvent,
  EventType,
  type ExecutionStarted,
  type HistoryEvent,
} from "../durable/history-event.ts";
import type { OrchestratorOutcome, WorkerPort } from "../worker-port.ts";
import type { History, ReplayedPrefix } from "./recording.ts";

type Answer = Exclude<OrchestratorOutcome, { kind: "lost" }>;

/** Replays a history after every event of it: what a crash at any instant makes the orchestrator go through. */
export async function replayHistory(
  worker: WorkerPort,
  history: History,
): Promise<ReplayedPrefix[]> {
  const { events } = history;
  const first = events.indexOf(startOf(history)) + 1;
  const replayed: ReplayedPrefix[] = [];
  let last = "";
  for (let count = first; count <= events.length; count += 1) {
    const answer = await replayEvents(worker, history, events.slice(0, count));
    const state = answer.kind === "state" ? answer.state : answer.kind;
    if (state === last) continue;
    last = state;
    replayed.push({
      events: count,
      state: answer.kind === "state" ? (JSON.parse(state) as unknown) : state,
    });
  }
  return replayed;
}

/** Lets the orchestrator of a history run from scratch over the first of its events. */
export async function replayEvents(
  worker: WorkerPort,
  history: History,
  events: readonly HistoryEvent[],
): Promise<Answer> {
  const started = startOf(history);
  const payload = toPayload(history.instanceId, started, events);
  const outcome = await worker.invokeOrchestrator(started.Name, payload);
  if (outcome.kind === "lost") throw new Error("The replay ended nowhere.");
  return outcome;
}

/** @throws Error where the execution never began. */
export function startOf({ instanceId, events }: History): ExecutionStarted {
  const started = events.find(
    (event) => event.EventType === EventType.ExecutionStarted,
  );
  if (started === undefined)
    throw new Error(
      `The history of ${instanceId} does not begin yet: let its host settle first.`,
    );
  return started;
}

/** What the host sends: the events of the turn that is running are the ones not played yet. */
function toPayload(
  instanceId: string,
  { Input: input, ParentInstance: parent }: ExecutionStarted,
  events: readonly HistoryEvent[],
): string {
  const turnStart = events.findLastIndex(
    (event) => event.EventType === EventType.OrchestratorStarted,
  );
  const history = events.map((event, index) =>
    encodeEvent(event, index < turnStart),
  );
  return JSON.stringify({
    instanceId,
    input: JSON.parse(input ?? "null") as unknown,
    isReplaying: turnStart > 0,
    parentInstanceId: parent?.OrchestrationInstance.InstanceId ?? null,
    upperSchemaVersion: 1,
    upperSchemaVersionNew: 3,
    longRunningTimerIntervalDuration: "3.00:00:00",
    maximumShortTimerDuration: "6.00:00:00",
    defaultHttpAsyncRequestSleepTimeMillseconds: 30_000,
    history: history.map((event) => JSON.parse(event) as unknown),
  });
}
