import { createBoundedQueue } from "./bounded-queue.ts";
import type { Clock } from "./clock.ts";
import type { Turn } from "./commit-turn.ts";
import { emptyHistory, type HistoryCache } from "./history-cache.ts";
import { EventType, type HistoryEvent } from "./history-event.ts";
import type { LiveInstance, Message } from "./live-instance.ts";
import {
  createRunOrchestrator,
  type RunOrchestrator,
  type RunOrchestratorOptions,
} from "./run-orchestrator.ts";

/** Runs orchestrator turns: one at a time per instance, first come first served, a bounded number at a time. */
export interface TurnRunner {
  /** The instance has messages; does nothing when it is queued or running already. */
  wake(live: LiveInstance): void;
  /** Resolves when the turn that is queued or running has ended, but after a few milliseconds at the latest. */
  turnEnded(live: LiveInstance): Promise<void>;
  running(): number;
  queued(): number;
  /** Starts nothing any more. */
  stop(): void;
}

export interface TurnRunnerOptions extends RunOrchestratorOptions {
  readonly clock: Clock;
  readonly cache: HistoryCache;
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
  const runOrchestrator = createRunOrchestrator(options);
  const rejected = new WeakSet<LiveInstance>();
  const waits = createTurnWaits();

  const queue = createBoundedQueue<LiveInstance>({
    maxConcurrent,
    onEnd,
    run: async (live) => {
      live.phase = "running";
      try {
        await runTurn(options, runOrchestrator, live);
      } finally {
        live.phase = "idle";
        waits.end(live);
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
    turnEnded: (live) =>
      live.phase === "idle" ? Promise.resolve() : waits.wait(live),
    running: queue.running,
    queued: queue.queued,
    stop: queue.stop,
  };
}

/** Who waits for a turn waits no longer than this. */
const LONGEST_WAIT_MS = 5;

function createTurnWaits(): {
  wait(live: LiveInstance): Promise<void>;
  end(live: LiveInstance): void;
} {
  const waiting = new Map<LiveInstance, (() => void)[]>();
  const end = (live: LiveInstance): void => {
    const due = waiting.get(live);
    waiting.delete(live);
    for (const resolve of due ?? []) resolve();
  };
  return {
    wait: (live) =>
      new Promise((resolve) => {
        const timer = setTimeout(resolve, LONGEST_WAIT_MS);
        const ended = (): void => {
          clearTimeout(timer);
          resolve();
        };
        const others = waiting.get(live);
        if (others === undefined) waiting.set(live, [ended]);
        else others.push(ended);
      }),
    end,
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
  runOrchestrator: RunOrchestrator,
  live: LiveInstance,
): Promise<void> {
  const consumed = live.inbox;
  live.inbox = [];
  const history =
    live.nextTurn === 0 ? emptyHistory : options.cache.read(live.record.key);
  const newEvents = toNewEvents(live, consumed, options.clock.now());
  const result = await runOrchestrator({ live, history, newEvents });
  if (result === undefined) {
    live.inbox = [...consumed, ...live.inbox];
    return;
  }
  if (result.kind === "continued" && isStuck(live, result.stuck)) {
    options.onStuck(live);
  }
  options.commit({ live, consumed, history, newEvents, result });
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
