import { createVirtualClock } from "../../../../local/durable/clock.ts";
import type { DurableMode } from "../../../../local/durable/durable-mode.ts";
import type { VersionSettings } from "../../../../local/durable/version-policy.ts";
import type { VirtualClock } from "../../../../local/durable/clock.ts";
import {
  createDurableEngine,
  type DurableEngine,
} from "../../../../local/durable/engine.ts";
import type { InstanceRecord } from "../../../../local/durable/instance-record.ts";
import {
  taskHubApplicationId,
  taskHubMigrations,
} from "../../../../local/durable/schema.ts";
import { parseValue } from "../../../../local/durable/status-body.ts";
import {
  createCommitLoop,
  type CommitLoop,
} from "../../../../shared/storage/commit-loop.ts";
import { openDatabase } from "../../../../shared/storage/open-database.ts";
import { createTestWorkerPort } from "../../../../local/testing/test-worker-port.ts";
import type { WorkerPort } from "../../../../local/worker-port.ts";
import type { DatabaseSync } from "node:sqlite";
import type { SdkApp } from "./sdk-worker.ts";

export interface Finished {
  readonly status: string;
  readonly output: unknown;
  readonly customStatus: unknown;
}

export interface TestHub {
  readonly engine: DurableEngine;
  readonly clock: VirtualClock;
  readonly database: DatabaseSync;
  readonly logged: readonly string[];
  /** Starts an instance; its ID is `instanceId`, or a new one. */
  start(name: string, input?: unknown, instanceId?: string): Promise<string>;
  raise(instanceId: string, name: string, value?: unknown): Promise<void>;
  /** Runs until nothing happens any more without time passing. */
  settle(): Promise<void>;
  /** Runs, letting time pass from timer to timer, until the instance has finished or nothing is left to wait for. */
  finish(instanceId: string): Promise<Finished>;
  record(instanceId: string): InstanceRecord;
  close(): void;
}

export interface TestHubOptions {
  readonly file?: string;
  readonly clock?: VirtualClock;
  readonly worker?: WorkerPort;
  readonly wrapLoop?: (loop: CommitLoop, database: DatabaseSync) => CommitLoop;
  readonly mode?: DurableMode;
  readonly versions?: Partial<VersionSettings>;
  readonly maxConcurrentActivityFunctions?: number;
  readonly maxConcurrentOrchestratorFunctions?: number;
  readonly shortestKeptHistory?: number;
}

export const startTime: number = Date.parse("2026-01-01T00:00:00.000Z");

/** Opens a started engine over the app, in memory or in a file. */
export function openTestHub(
  app: SdkApp,
  options: TestHubOptions = {},
): TestHub {
  const database = openDatabase({
    file: options.file ?? ":memory:",
    applicationId: taskHubApplicationId,
    migrations: taskHubMigrations,
  });
  const plainLoop = createCommitLoop(database, (error) => {
    throw error;
  });
  const loop = options.wrapLoop?.(plainLoop, database) ?? plainLoop;
  const clock = options.clock ?? createVirtualClock(startTime);
  const logged: string[] = [];
  const engine = createDurableEngine({
    database,
    loop,
    clock,
    worker: options.worker ?? createTestWorkerPort(app.app, clock.now),
    functions: app.functions,
    config: {
      hubName: "TestHub",
      maxConcurrentActivityFunctions:
        options.maxConcurrentActivityFunctions ?? 10,
      maxConcurrentOrchestratorFunctions:
        options.maxConcurrentOrchestratorFunctions ?? 5,
      maxConcurrentEntityFunctions: 5,
      maxEntityOperationBatchSize: 50,
      mode: options.mode ?? "strict",
      ...(options.shortestKeptHistory !== undefined && {
        shortestKeptHistory: options.shortestKeptHistory,
      }),
      versions: {
        defaultVersion: undefined,
        matchStrategy: "CurrentOrOlder",
        failureStrategy: "Reject",
        ...options.versions,
      },
    },
    log: (_level, message) => logged.push(message),
  });
  engine.start();

  const record = (instanceId: string): InstanceRecord => {
    const found = engine.client.getStatus(instanceId);
    if (found === undefined) throw new Error(`no instance ${instanceId}`);
    return found;
  };
  const isLive = (instanceId: string): boolean =>
    ["Pending", "Running", "Suspended"].includes(record(instanceId).status);

  return {
    engine,
    clock,
    database,
    logged,
    record,
    async start(name, input, instanceId) {
      const result = await engine.client.start({
        name,
        ...(input !== undefined && { input: JSON.stringify(input) }),
        ...(instanceId !== undefined && { instanceId }),
      });
      if (result.outcome !== "started") throw new Error(result.outcome);
      return result.instanceId;
    },
    async raise(instanceId, name, value = null) {
      await engine.client.raiseEvent(instanceId, name, JSON.stringify(value));
    },
    settle: () => engine.idle(),
    async finish(instanceId) {
      for (;;) {
        await engine.idle();
        const next = clock.nextAt();
        if (!isLive(instanceId) || next === undefined) break;
        clock.advanceTo(next);
      }
      const { status, output, customStatus } = record(instanceId);
      return {
        status,
        output: parseValue(output),
        customStatus: parseValue(customStatus),
      };
    },
    close() {
      engine.close();
      loop.flush();
      database.close();
    },
  };
}
