import type { CommitLoop } from "../../shared/storage/commit-loop.ts";
import { toActivityCompletion } from "./activity-completion.ts";
import {
  createActivityDispatcher,
  type ActivityDispatcherOptions,
  type ActivityWork,
} from "./activity-dispatcher.ts";
import type { BoundedQueue } from "./bounded-queue.ts";
import type { Clock } from "./clock.ts";
import { createTurnCommit } from "./commit-turn.ts";
import type { DurableEngineOptions } from "./engine.ts";
import { createBatchCommit } from "./entities/commit-batch.ts";
import { createEntityHub, type EntityHub } from "./entities/entity-hub.ts";
import {
  createEntityRunner,
  type EntityRunner,
} from "./entities/entity-runner.ts";
import {
  createEntityStore,
  type EntityStore,
} from "./entities/entity-store.ts";
import { createFunctionNames, type FunctionNames } from "./function-names.ts";
import { createHistoryCache } from "./history-cache.ts";
import { httpActivityName } from "./http/http-messages.ts";
import { sendHttp } from "./http/send-http.ts";
import { createInstanceEnds, type InstanceEnds } from "./instance-ends.ts";
import { createTaskHub, type TaskHub } from "./task-hub.ts";
import { createTaskHubStore, type TaskHubStore } from "./task-hub-store.ts";
import { createTurnRunner, type TurnRunner } from "./turn-runner.ts";
import { createVersionPolicy } from "./version-policy.ts";

/** The engine's parts, connected. */
export interface EngineCore {
  readonly store: TaskHubStore;
  readonly hub: TaskHub;
  readonly ends: InstanceEnds;
  readonly loop: CommitLoop;
  readonly clock: Clock;
  readonly names: FunctionNames;
  readonly defaultVersion: string;
  readonly turns: TurnRunner;
  readonly activities: BoundedQueue<ActivityWork>;
  readonly entityStore: EntityStore;
  readonly entities: EntityHub;
  readonly batches: EntityRunner;
  /** Runs the activity once what has been written is on disk. */
  readonly dispatch: (work: ActivityWork) => void;
  /** Resolves when nothing runs and nothing is queued. */
  waitUntilIdle(): Promise<void>;
  /** Resolves when nothing runs. */
  waitUntilQuiet(): Promise<void>;
}

/** Histories that are kept in memory, in characters of JSON text. */
const HISTORY_CACHE_CHARACTERS = 64 * 1024 * 1024;

/** Connects store, hubs, the runners of turns and of entities' batches, and the activity dispatcher. */
export function createEngineCore(options: DurableEngineOptions): EngineCore {
  const { database, loop, worker, clock, config, log } = options;
  const store = createTaskHubStore(database);
  const cache = createHistoryCache(store, HISTORY_CACHE_CHARACTERS);
  const names = createFunctionNames(options.functions);
  const defaultVersion = config.versions.defaultVersion ?? "";
  const ends = createInstanceEnds(clock, loop);
  const conditions = createConditions();
  const onEnd = (): void => loop.afterCommit(conditions.check);

  const hub = createTaskHub({
    store,
    loop,
    clock,
    wake: (live) => turns.wake(live),
  });
  const activities = createActivities(options, {
    hub,
    onEnd,
    // Turns need a dispatcher, and it needs them: by the time it runs anything, they are there.
    toFollow: (address) => turns.toFollow(address),
  });
  const { dispatch, undispatched } = createDispatch(loop, activities);
  const { entityStore, entities, batches } = createEntities(options, {
    store,
    hub,
    names,
    onEnd,
  });
  const turns = createTurnRunner({
    worker,
    clock,
    cache,
    find: hub.get,
    names,
    defaultVersion,
    mode: config.mode,
    shortestKeptHistory: config.shortestKeptHistory,
    versions: createVersionPolicy(config.versions),
    maxConcurrent: config.maxConcurrentOrchestratorFunctions,
    commit: createTurnCommit({
      store,
      loop,
      clock,
      hub,
      cache,
      ends,
      dispatch,
      entities,
    }),
    onStuck: ({ record }) =>
      log(
        "warn",
        `Instance '${record.id}' of orchestrator '${record.name}' waits for nothing that is scheduled, and may never end.`,
      ),
    onRejected: ({ record }) =>
      log(
        "warn",
        `Instance '${record.id}' of orchestrator '${record.name}' has version '${record.version}', which this host does not run: it waits.`,
      ),
    onEnd,
  });

  return {
    store,
    hub,
    ends,
    loop,
    clock,
    names,
    defaultVersion,
    turns,
    activities,
    entityStore,
    entities,
    batches,
    dispatch,
    ...createWaits(conditions, { turns, activities, batches, undispatched }),
  };
}

function createEntities(
  { database, loop, worker, clock, config, log }: DurableEngineOptions,
  core: Pick<EngineCore, "store" | "hub" | "names"> & {
    readonly onEnd: () => void;
  },
): Pick<EngineCore, "entityStore" | "entities" | "batches"> {
  const { store, hub, names, onEnd } = core;
  const entityStore = createEntityStore(database);
  const entities = createEntityHub({
    store: entityStore,
    loop,
    clock,
    wake: (live) => batches.wake(live),
  });
  const batches = createEntityRunner({
    worker,
    names,
    maxConcurrent: config.maxConcurrentEntityFunctions,
    maxBatchSize: config.maxEntityOperationBatchSize,
    // Who only signalled may have ended since.
    traceparentOf: (id) =>
      (hub.get(id)?.record ?? store.findInstance(id))?.trace?.traceparent,
    commit: createBatchCommit({ loop, clock, hub, entities }),
    onUnknown: (name) =>
      log(
        "warn",
        `The entity function '${name}' does not exist in this app: messages for its entities wait.`,
      ),
    onEnd,
  });
  return { entityStore, entities, batches };
}

function createActivities(
  { worker, config, clock }: DurableEngineOptions,
  {
    hub,
    onEnd,
    toFollow,
  }: Pick<ActivityDispatcherOptions, "onEnd" | "toFollow"> & {
    readonly hub: TaskHub;
  },
): BoundedQueue<ActivityWork> {
  return createActivityDispatcher({
    invoke: (call) =>
      call.name === httpActivityName
        ? sendHttp(call.input)
        : worker.invokeActivity(call),
    maxConcurrent: config.maxConcurrentActivityFunctions,
    isWanted: hub.isOutstanding,
    toFollow,
    onOutcome(work, outcome, followed) {
      const at = followed?.at ?? clock.now();
      hub.complete(work.address, toActivityCompletion(work, outcome, at), {
        isRepeatable: true,
        followed,
      });
    },
    onEnd,
  });
}

function createWaits(
  conditions: Conditions,
  work: Pick<EngineCore, "turns" | "activities" | "batches"> & {
    readonly undispatched: () => number;
  },
): Pick<EngineCore, "waitUntilIdle" | "waitUntilQuiet"> {
  const { turns, activities, batches, undispatched } = work;
  const queues = [turns, activities, batches];
  const isQuiet = (): boolean => queues.every((queue) => queue.running() === 0);
  const isIdle = (): boolean =>
    isQuiet() &&
    undispatched() === 0 &&
    queues.every((queue) => queue.queued() === 0);
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
