import type { FollowingTurn } from "../worker-port.ts";
import { createBoundedQueue } from "./bounded-queue.ts";
import type { Clock } from "./clock.ts";
import type { Turn } from "./commit-turn.ts";
import { emptyHistory, type HistoryCache } from "./history-cache.ts";
import { EventType, type HistoryEvent } from "./history-event.ts";
import type { LiveInstance, Message } from "./live-instance.ts";
import {
  createOrchestratorRunner,
  type OrchestratorRunner,
  type RunOrchestratorOptions,
} from "./run-orchestrator.ts";
import type { TaskAddress } from "./task-hub.ts";
import { orchestratorStarted } from "./turn-events.ts";

/** Runs orchestrator turns: one at a time per instance, first come first served, a bounded number at a time. */
export interface TurnRunner {
  /** The instance has messages; does nothing when it is queued or running already. */
  wake(live: LiveInstance): void;
  /**
   * Resolves when the instance has ended or waits for something else than an activity that began a moment ago, but after
   * some milliseconds at the latest.
   */
  settled(live: LiveInstance): Promise<void>;
  /** The turn that waits for this activity alone, and may be run behind it in the worker. */
  toFollow(address: TaskAddress): FollowingTurn | undefined;
  running(): number;
  queued(): number;
  /** Starts nothing any more. */
  stop(): void;
}

export interface TurnRunnerOptions extends RunOrchestratorOptions {
  readonly clock: Clock;
  readonly cache: HistoryCache;
  readonly find: (instanceId: string) => LiveInstance | undefined;
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
  const orchestrators = createOrchestratorRunner(options);
  const rejected = new WeakSet<LiveInstance>();
  const waits = createTurnWaits();

  const queue = createBoundedQueue<LiveInstance>({
    maxConcurrent,
    onEnd,
    run: async (live) => {
      live.phase = "running";
      try {
        await runTurn(options, orchestrators, live);
      } finally {
        live.phase = "idle";
        if (live.inbox.length > 0) wake(live);
        if (!isAtWork(live, options.clock.now())) waits.end(live);
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
    settled: (live) =>
      isAtWork(live, options.clock.now())
        ? waits.wait(live)
        : Promise.resolve(),
    toFollow: (address) => toFollow(options, orchestrators, address),
    running: queue.running,
    queued: queue.queued,
    stop: queue.stop,
  };
}

/** Who waits for an instance to settle waits no longer than this. */
const LONGEST_WAIT_MS = 10;
/** An activity that runs for longer may run for much longer. */
const QUICK_ACTIVITY_MS = 50;

function isAtWork(live: LiveInstance, now: number): boolean {
  if (live.phase !== "idle") return true;
  if (now - live.lastTurnAt > QUICK_ACTIVITY_MS) return false;
  for (const { kind } of live.outstanding.values())
    if (kind === "activity") return true;
  return false;
}

function createTurnWaits(): {
  wait(live: LiveInstance): Promise<void>;
  end(live: LiveInstance): void;
} {
  const waiting = new Map<LiveInstance, Set<() => void>>();
  const end = (live: LiveInstance): void => {
    const due = waiting.get(live);
    waiting.delete(live);
    for (const resolve of due ?? []) resolve();
  };
  return {
    wait: (live) =>
      new Promise((resolve) => {
        const waiters = waiting.get(live) ?? new Set();
        waiting.set(live, waiters);
        const ended = (): void => {
          clearTimeout(timer);
          resolve();
        };
        const timer = setTimeout(() => {
          // It may be at work for as long as it lives, and be asked about as often.
          waiters.delete(ended);
          resolve();
        }, LONGEST_WAIT_MS);
        waiters.add(ended);
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

/** A longer turn is not sent along with an activity: it would cost more than the message that it spares. */
const LONGEST_FOLLOWED = 16 * 1024;

function toFollow(
  { cache, find }: TurnRunnerOptions,
  orchestrators: OrchestratorRunner,
  { instanceId, executionId, taskId }: TaskAddress,
): FollowingTurn | undefined {
  const live = find(instanceId);
  if (live?.record.executionId !== executionId) return undefined;
  const isAlone =
    live.phase === "idle" &&
    live.inbox.length === 0 &&
    live.outstanding.size === 1 &&
    live.record.status === "Running";
  if (!isAlone) return undefined;
  const turn = orchestrators.findKept(live, cache.read(live.record.key));
  return turn === undefined || turn.lastTurn.length > LONGEST_FOLLOWED
    ? undefined
    : { ...turn, turn: live.nextTurn, taskId, notBefore: live.lastTurnAt };
}

async function runTurn(
  options: TurnRunnerOptions,
  orchestrators: OrchestratorRunner,
  live: LiveInstance,
): Promise<void> {
  const followed = takeFollowed(live);
  // What else has come waits: the worker has run the turn without it.
  const consumed = live.inbox.splice(0, followed === undefined ? Infinity : 1);
  const history =
    live.nextTurn === 0 ? emptyHistory : options.cache.read(live.record.key);
  const now = followed?.at ?? options.clock.now();
  const newEvents = toNewEvents(live, consumed, now);
  const result = await orchestrators.run({
    live,
    history,
    newEvents,
    followed: followed?.resumption,
  });
  if (result === undefined) {
    live.inbox = [...consumed, ...live.inbox];
    return;
  }
  if (result.kind === "continued" && isStuck(live, result.stuck)) {
    options.onStuck(live);
  }
  options.commit({ live, consumed, history, newEvents, result });
}

/** The turn that the worker has run already, if it is the one that runs now. */
function takeFollowed(live: LiveInstance): LiveInstance["followed"] {
  const { followed } = live;
  live.followed = undefined;
  const next = live.inbox[0]?.event;
  const isNext =
    followed?.turn === live.nextTurn &&
    next?.EventType === EventType.TaskCompleted &&
    next.TaskScheduledId === followed.taskId;
  return isNext ? followed : undefined;
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
  return [orchestratorStarted(at), ...messages.map(({ event }) => event)];
}

/** A cancelled timer that is still to fire may yet wake the function. */
function isStuck(live: LiveInstance, nothingKnown: boolean): boolean {
  return nothingKnown && live.outstanding.size === 0 && live.inbox.length === 0;
}
