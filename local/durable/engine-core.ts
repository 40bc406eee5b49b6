import type { CommitLoop } from "../../shared/storage/commit-loop.ts";
import { toActivityCompletion } from "./activity-completion.ts";
import {
  createActivityDispatcher,
  type ActivityWork,
} from "./activity-dispatcher.ts";
import type { BoundedQueue } from "./bounded-queue.ts";
import type { Clock } from "./clock.ts";
import { createTurnCommit } from "./commit-turn.ts";
import type { DurableEngineOptions } from "./engine.ts";
import { createFunctionNames, type FunctionNames } from "./function-names.ts";
import { createHistoryCache } from "./history-cache.ts";
import { createTaskHub, type TaskHub } from "./task-hub.ts";
import { createTaskHubStore, type TaskHubStore } from "./task-hub-store.ts";
import { createTurnRunner, type TurnRunner } from "./turn-runner.ts";

/** The engine's parts, connected. */
export interface EngineCore {
  readonly store: TaskHubStore;
  readonly hub: TaskHub;
  readonly loop: CommitLoop;
  readonly clock: Clock;
  readonly names: FunctionNames;
  readonly defaultVersion: string;
  readonly turns: TurnRunner;
  readonly activities: BoundedQueue<ActivityWork>;
  /** Runs the activity once what has been written is on disk. */
  readonly dispatch: (work: ActivityWork) => void;
  /** Resolves when nothing runs and nothing is queued. */
  waitUntilIdle(): Promise<void>;
  /** Resolves when nothing runs. */
  waitUntilQuiet(): Promise<void>;
}

/** Histories that are kept in memory, in characters of JSON text. */
const HISTORY_CACHE_CHARACTERS = 64 * 1024 * 1024;

/** Connects store, hub, turn runner and activity dispatcher. */
export function createEngineCore(options: DurableEngineOptions): EngineCore {
  const { database, loop, worker, clock, config, log } = options;
  const store = createTaskHubStore(database);
  const cache = createHistoryCache(store, HISTORY_CACHE_CHARACTERS);
  const names = createFunctionNames(options.functions);
  const defaultVersion = config.defaultVersion ?? "";
  const conditions = createConditions();
  const onEnd = (): void => loop.afterCommit(conditions.check);

  const hub = createTaskHub({
    store,
    loop,
    clock,
    wake: (live) => turns.wake(live),
  });
  const activities = createActivities(options, hub, onEnd);
  const { dispatch, undispatched } = createDispatch(loop, activities);
  const turns = createTurnRunner({
    worker,
    clock,
    cache,
    names,
    defaultVersion,
    maxConcurrent: config.maxConcurrentOrchestratorFunctions,
    commit: createTurnCommit({ store, loop, clock, hub, cache, dispatch }),
    onStuck: ({ record }) =>
      log(
        "warn",
        `Instance '${record.id}' of orchestrator '${record.name}' waits for nothing that is scheduled, and may never end.`,
      ),
    onEnd,
  });

  return {
    store,
    hub,
    loop,
    clock,
    names,
    defaultVersion,
    turns,
    activities,
    dispatch,
    ...createWaits(conditions, { turns, activities, undispatched }),
  };
}

function createActivities(
  { worker, config, clock }: DurableEngineOptions,
  hub: TaskHub,
  onEnd: () => void,
): BoundedQueue<ActivityWork> {
  return createActivityDispatcher({
    worker,
    maxConcurrent: config.maxConcurrentActivityFunctions,
    isWanted: hub.isOutstanding,
    onOutcome: (work, outcome) =>
      hub.complete(
        work.address,
        toActivityCompletion(work, outcome, clock.now()),
      ),
    onEnd,
  });
}

function createWaits(
  conditions: Conditions,
  work: Pick<EngineCore, "turns" | "activities"> & {
    readonly undispatched: () => number;
  },
): Pick<EngineCore, "waitUntilIdle" | "waitUntilQuiet"> {
  const { turns, activities, undispatched } = work;
  const isQuiet = (): boolean =>
    turns.running() === 0 && activities.running() === 0;
  const isIdle = (): boolean =>
    isQuiet() && turns.queued() + activities.queued() + undispatched() === 0;
  return {
    waitUntilIdle: () => conditions.wait(isIdle),
    waitUntilQuiet: () => conditions.wait(isQuiet),
  };
}

/** Hands activities over behind the commit, and counts those that are still on their way. */
function createDispatch(
  loop: CommitLoop,
  activities: BoundedQueue<ActivityWork>,
): { dispatch: (work: ActivityWork) => void; undispatched: () => number } {
  let undispatched = 0;
  return {
    undispatched: () => undispatched,
    dispatch(work) {
      undispatched += 1;
      loop.afterCommit(() => {
        undispatched -= 1;
        activities.push(work);
        activities.pump();
      });
    },
  };
}

/** Promises of conditions that are looked at whenever `check` is called. */
interface Conditions {
  check: () => void;
  wait(isMet: () => boolean): Promise<void>;
}

function createConditions(): Conditions {
  let waiting: { isMet: () => boolean; resolve: () => void }[] = [];
  return {
    check() {
      const met = waiting.filter(({ isMet }) => isMet());
      waiting = waiting.filter((condition) => !met.includes(condition));
      for (const { resolve } of met) resolve();
    },
    async wait(isMet) {
      if (isMet()) return;
      await new Promise<void>((resolve) => waiting.push({ isMet, resolve }));
    },
  };
}
