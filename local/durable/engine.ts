import type { DatabaseSync } from "node:sqlite";

import type { CommitLoop } from "../../shared/storage/commit-loop.ts";
import type { WorkerPort } from "../worker-port.ts";
import type { Clock } from "./clock.ts";
import {
  createDurableOperations,
  type DurableOperations,
} from "./durable-operations.ts";
import { createEngineCore } from "./engine-core.ts";
import type { RuntimeStatus } from "./instance-record.ts";
import { recover } from "./recover.ts";
import type { TaskHubStore } from "./task-hub-store.ts";

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
  };
  readonly config: {
    readonly hubName: string;
    readonly maxConcurrentActivityFunctions: number;
    readonly maxConcurrentOrchestratorFunctions: number;
    /** Version of instances that are started without one. */
    readonly defaultVersion?: string;
  };
  /** Receives names, ids and counts only: never inputs, outputs or error texts. */
  readonly log: (level: "info" | "warn" | "error", message: string) => void;
}

export interface DurableEngineStatistics {
  readonly instances: Partial<Record<RuntimeStatus, number>>;
  readonly orchestrators: { readonly running: number; readonly queued: number };
  readonly activities: { readonly running: number; readonly queued: number };
}

export interface DurableEngine {
  /** Takes up what an earlier process left unfinished. */
  start(): void;
  readonly client: DurableOperations;
  statistics(): DurableEngineStatistics;
  /** UTF-8 bytes of the recorded history of an instance's present execution. */
  historyBytes(instanceId: string): number | undefined;
  /** Resolves when nothing runs and nothing is queued: every instance is finished or waits for time or an event. */
  idle(): Promise<void>;
  /** Starts nothing new, waits for what runs, and commits. */
  drain(): Promise<void>;
}

/** Creates the durable task engine: a faithful twin of the Durable extension for one machine. */
export function createDurableEngine(
  options: DurableEngineOptions,
): DurableEngine {
  const { loop, config, log } = options;
  const core = createEngineCore(options);
  const { store, hub, turns, activities } = core;

  return {
    start() {
      const taken = loop.write(() => recover(core));
      log(
        "info",
        `Task hub '${config.hubName}': ${taken} unfinished instances taken up.`,
      );
    },
    client: createDurableOperations(core),
    statistics: () => ({
      instances: store.countByStatus(),
      orchestrators: { running: turns.running(), queued: turns.queued() },
      activities: {
        running: activities.running(),
        queued: activities.queued(),
      },
    }),
    historyBytes: (instanceId) => historyBytes(store, instanceId),
    async idle() {
      await loop.committed();
      await core.waitUntilIdle();
    },
    async drain() {
      turns.stop();
      activities.stop();
      await core.waitUntilQuiet();
      for (const live of hub.all()) hub.abandonOutstanding(live);
      loop.flush();
    },
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
