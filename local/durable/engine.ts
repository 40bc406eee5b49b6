import type { DatabaseSync } from "node:sqlite";

import type { CommitLoop } from "../../shared/storage/commit-loop.ts";
import type { WorkerPort } from "../worker-port.ts";
import type { Clock } from "./clock.ts";
import {
  createDurableOperations,
  type DurableOperations,
} from "./durable-operations.ts";
import {
  createEntityOperations,
  type EntityOperations,
} from "./entities/entity-operations.ts";
import type { DurableMode } from "./durable-mode.ts";
import { createEngineCore } from "./engine-core.ts";
import type { RuntimeStatus } from "./instance-record.ts";
import { recover } from "./recover.ts";
import type { TaskHubStore } from "./task-hub-store.ts";
import type { VersionSettings } from "./version-policy.ts";

export interface DurableEngineOptions {
  /** Opened with the task hub's migrations. */
  readonly database: DatabaseSync;
  readonly loop: CommitLoop;
  readonly worker: WorkerPort;
  readonly clock: Clock;
  /** Names as they are registered. */
  readonly functions: {
    readonly orchestrators: ReadonlySet<string>;
    readonly activities: ReadonlySet<string>;
    readonly entities: ReadonlySet<string>;
  };
  readonly config: {
    readonly hubName: string;
    readonly maxConcurrentActivityFunctions: number;
    readonly maxConcurrentOrchestratorFunctions: number;
    readonly maxConcurrentEntityFunctions: number;
    /** How many operations one invocation of an entity function may bring. */
    readonly maxEntityOperationBatchSize: number;
    /** `defaultVersion` is also that of instances which are started without one. */
    readonly versions: VersionSettings;
    readonly mode: DurableMode;
    /**
     * In strict mode, an orchestrator function whose history has that many events is kept from turn to turn instead of
     * being replayed at each (`turn-sessions.ts`).
     */
    readonly shortestKeptHistory?: number;
  };
  /** Receives names, ids and counts only: never inputs, outputs or error texts. */
  readonly log: (level: "info" | "warn" | "error", message: string) => void;
}

export interface DurableEngineStatistics {
  readonly instances: Partial<Record<RuntimeStatus, number>>;
  readonly orchestrators: { readonly running: number; readonly queued: number };
  readonly activities: { readonly running: number; readonly queued: number };
  readonly entities: { readonly running: number; readonly queued: number };
}

export interface DurableEngine {
  /** Takes up what an earlier process left unfinished. */
  start(): void;
  readonly client: DurableOperations;
  readonly entities: EntityOperations;
  statistics(): DurableEngineStatistics;
  /** UTF-8 bytes of the recorded history of an instance's present execution. */
  historyBytes(instanceId: string): number | undefined;
  /** Resolves when nothing runs and nothing is queued: every instance is finished or waits for time or an event. */
  idle(): Promise<void>;
  /** Starts nothing new, waits for what runs, and commits. */
  drain(): Promise<void>;
  /** To be called before the database is closed: nothing is written on the engine's own account any more. */
  close(): void;
}

/** Creates the durable task engine: a faithful twin of the Durable extension for one machine. */
export function createDurableEngine(
  options: DurableEngineOptions,
): DurableEngine {
  const { loop, config, log } = options;
  const core = createEngineCore(options);
  const { store, hub, turns, activities, batches } = core;

  return {
    start() {
      const taken = loop.write(() => recover(core));
      core.entities.recover();
      log(
        "info",
        `Task hub '${config.hubName}': ${taken} unfinished instances taken up.`,
      );
    },
    client: createDurableOperations(core),
    entities: createEntityOperations(core),
    statistics: () => ({
      instances: store.countByStatus(),
      orchestrators: { running: turns.running(), queued: turns.queued() },
      activities: {
        running: activities.running(),
        queued: activities.queued(),
      },
      entities: { running: batches.running(), queued: batches.queued() },
    }),
    historyBytes: (instanceId) => historyBytes(store, instanceId),
    async idle() {
      await loop.committed();
      await core.waitUntilIdle();
    },
    async drain() {
      turns.stop();
      activities.stop();
      batches.stop();
      await core.waitUntilQuiet();
      for (const live of hub.all()) hub.abandonOutstanding(live);
      core.entities.abandonScheduled();
      hub.writePostponed();
      loop.flush();
    },
    close: hub.close,
  };
}

function historyBytes(
  store: TaskHubStore,
  instanceId: string,
): number | undefined {
  const record = store.findInstance(instanceId);
  return record === undefined
    ? undefined
    : store
        .readTurns(record.key)
        .reduce((sum, turn) => sum + Buffer.byteLength(turn.events), 0);
}
