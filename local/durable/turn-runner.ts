import type { WorkerPort } from "../worker-port.ts";
import { createBoundedQueue } from "./bounded-queue.ts";
import type { Clock } from "./clock.ts";
import type { Turn } from "./commit-turn.ts";
import type { DurableMode } from "./durable-mode.ts";
import type { FunctionNames } from "./function-names.ts";
import {
  emptyHistory,
  type CachedHistory,
  type HistoryCache,
} from "./history-cache.ts";
import { encodeEvent, EventType, type HistoryEvent } from "./history-event.ts";
import type { LiveInstance, Message } from "./live-instance.ts";
import { toOrchestratorPayload } from "./orchestrator-payload.ts";
import { toReplayEvent } from "./replay-event.ts";
import { turnsPerInstance } from "./schema.ts";
import {
  evaluateTurn,
  failedTurn,
  terminatedTurn,
  versionMismatchTurn,
  type TurnResult,
} from "./turn-result.ts";
import type { VersionPolicy } from "./version-policy.ts";

/** Runs orchestrator turns: one at a time per instance, first come first served, a bounded number at a time. */
export interface TurnRunner {
  /** The instance has messages; does nothing when it is queued or running already. */
  wake(live: LiveInstance): void;
  running(): number;
  queued(): number;
  /** Starts nothing any more. */
  stop(): void;
}

export interface TurnRunnerOptions {
  readonly worker: WorkerPort;
  readonly clock: Clock;
  readonly cache: HistoryCache;
  readonly names: FunctionNames;
  readonly defaultVersion: string;
  readonly mode: DurableMode;
  readonly versions: VersionPolicy;
  readonly maxConcurrent: number;
  readonly commit: (turn: Turn) => void;
  readonly onStuck: (live: LiveInstance) => void;
  /** The instance is of a version that this host does not run: its messages wait. */
  readonly onRejected: (live: LiveInstance) => void;
  /** Called whenever a turn has ended. */
  readonly onEnd: () => void;
}

/** Creates the runner. What arrives in one event-loop turn is one batch: turns start from a `setImmediate`. */
export function createTurnRunner(options: TurnRunnerOptions): TurnRunner {
  const { maxConcurrent, onEnd, onRejected } = options;
  const rejected = new WeakSet<LiveInstance>();

  const queue = createBoundedQueue<LiveInstance>({
    maxConcurrent,
    onEnd,
    run: async (live) => {
      live.phase = "running";
      try {
        await runTurn(options, live);
      } finally {
        live.phase = "idle";
        if (live.inbox.length > 0) wake(live);
      }
    },
  });

  const enqueue = (live: LiveInstance): void => {
    live.phase = "queued";
    queue.push(live);
    queue.pumpSoon();
  };

  const wake = (live: LiveInstance): void => {
    if (live.phase !== "idle") return;
    if (isRunnable(options, live)) enqueue(live);
    else if (!rejected.has(live)) {
      rejected.add(live);
      onRejected(live);
    }
  };

  return {
    wake,
    running: queue.running,
    queued: queue.queued,
    stop: queue.stop,
  };
}

/** A version that the host rejects can only be terminated. */
function isRunnable(
  { versions }: TurnRunnerOptions,
  { record, inbox }: LiveInstance,
): boolean {
  return (
    versions(record.version) !== "reject" ||
    inbox.some(({ event }) => event.EventType === EventType.ExecutionTerminated)
  );
}

async function runTurn(
  options: TurnRunnerOptions,
  live: LiveInstance,
): Promise<void> {
  const consumed = live.inbox;
  live.inbox = [];
  const history =
    live.nextTurn === 0 ? emptyHistory : options.cache.read(live.record.key);
  const newEvents = toNewEvents(live, consumed, options.clock.now());
  const result = await runOrchestrator(options, live, history, newEvents);
  if (result === undefined) {
    live.inbox = [...consumed, ...live.inbox];
    return;
  }
  if (result.kind === "continued" && isStuck(live, result.stuck)) {
    options.onStuck(live);
  }
  options.commit({ live, consumed, history, newEvents, result });
}

/** Undefined when the worker was lost: the turn runs again. */
async function runOrchestrator(
  options: TurnRunnerOptions,
  live: LiveInstance,
  history: CachedHistory,
  newEvents: readonly HistoryEvent[],
): Promise<TurnResult | undefined> {
  const { worker, names, defaultVersion, mode, versions } = options;
  const { record } = live;
  for (const event of newEvents) {
    if (event.EventType === EventType.ExecutionTerminated) {
      return terminatedTurn(record, event.Input);
    }
  }
  if (versions(record.version) === "fail") return versionMismatchTurn(record);
  if (live.nextTurn >= turnsPerInstance - 1) {
    return failedTurn(
      record,
      `The execution has had ${turnsPerInstance} turns. Use continue-as-new.`,
    );
  }
  const name = names.orchestrator(record.name);
  if (name === undefined) {
    return failedTurn(
      record,
      `The orchestrator function '${record.name}' does not exist in this app.`,
    );
  }
  const payload = toOrchestratorPayload(
    record,
    history.text,
    newEvents.map((event) => encodeEvent(event, false)).join(","),
  );
  const outcome = await worker.invokeOrchestrator(name, payload);
  if (outcome.kind === "lost") return undefined;
  const events = [...history.events, ...newEvents.map(toReplayEvent)];
  return evaluateTurn({
    outcome,
    record,
    events,
    names,
    defaultVersion,
    mode,
  });
}

/** OrchestratorStarted and the messages. The orchestrator's time never runs back, nor before a timer it was told of. */
function toNewEvents(
  live: LiveInstance,
  messages: readonly Message[],
  now: number,
): HistoryEvent[] {
  let at = Math.max(now, live.lastTurnAt);
  for (const { event } of messages) {
    if (event.EventType === EventType.TimerFired) {
      at = Math.max(at, Date.parse(event.FireAt));
    }
  }
  live.lastTurnAt = at;
  return [
    {
      EventType: EventType.OrchestratorStarted,
      EventId: -1,
      Timestamp: new Date(at).toISOString(),
    },
    ...messages.map(({ event }) => event),
  ];
}

/** A cancelled timer that is still to fire may yet wake the function. */
function isStuck(live: LiveInstance, nothingKnown: boolean): boolean {
  return nothingKnown && live.outstanding.size === 0 && live.inbox.length === 0;
}
