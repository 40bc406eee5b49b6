import {
  encodeEvent,
  EventType,
  type HistoryEvent,
} from "../../local/durable/history-event.ts";
import type { WorkerPort } from "../../local/worker-port.ts";

export interface History {
  readonly instanceId: string;
  readonly events: readonly HistoryEvent[];
}

/** A history, and all that the orchestrator had done after each of its events; without those that changed nothing. */
export interface Recording extends History {
  readonly actions: readonly ReplayedPrefix[];
}

interface ReplayedPrefix {
  /** How many events the orchestrator was given. */
  readonly events: number;
  /** What it answered: its actions so far, whether it is done, and with what output. */
  readonly state: unknown;
}

/** Replays a history after every event of it: what a crash at any instant makes the orchestrator go through. */
export async function replay(
  worker: WorkerPort,
  { instanceId, events }: History,
): Promise<ReplayedPrefix[]> {
  const started = events.find(
    (event) => event.EventType === EventType.ExecutionStarted,
  );
  if (!started) throw new Error(`${instanceId} never started`);
  const replayed: ReplayedPrefix[] = [];
  let last = "";
  for (
    let count = events.indexOf(started) + 1;
    count <= events.length;
    count += 1
  ) {
    const outcome = await worker.invokeOrchestrator(
      started.Name,
      toPayload(instanceId, started.Input, events.slice(0, count)),
    );
    const state = outcome.kind === "state" ? outcome.state : outcome.kind;
    if (state === last) continue;
    last = state;
    replayed.push({
      events: count,
      state: outcome.kind === "state" ? (JSON.parse(state) as unknown) : state,
    });
  }
  return replayed;
}

/** What the host sends: the events of the turn that is running are the ones not played yet. */
function toPayload(
  instanceId: string,
  input: string | null,
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
    parentInstanceId: null,
    upperSchemaVersion: 1,
    upperSchemaVersionNew: 3,
    longRunningTimerIntervalDuration: "3.00:00:00",
    maximumShortTimerDuration: "6.00:00:00",
    defaultHttpAsyncRequestSleepTimeMillseconds: 30_000,
    history: history.map((event) => JSON.parse(event) as unknown),
  });
}
