import type { DatabaseSync, StatementSync } from "node:sqlite";
import { join } from "node:path";
import { createSystemClock } from "../../../local/durable/clock.ts";
import { createDurableEngine } from "../../../local/durable/engine.ts";
import type { DurableEngine } from "../../../local/durable/engine.ts";
import {
  taskHubApplicationId,
  taskHubMigrations,
} from "../../../local/durable/schema.ts";
import { createCommitLoop } from "../../../shared/storage/commit-loop.ts";
import { openDatabase } from "../../../shared/storage/open-database.ts";
import { createFolderAttempts, defineProgram } from "./crash-program.ts";
import type { Program } from "./crash-program.ts";

/**
 * A host in a process of its own, without the doors: the engine, the app and the task hub's file. It is loaded first and
 * opens the file when it is told to, so that a successor is ready while its predecessor lives.
 */
export type HostRequest =
  | {
      readonly type: "open";
      readonly folder: string;
      /** The process kills itself at its n-th statement; 0: it does not. */
      readonly dieAt: number;
      /** Before the statement runs, or after it. */
      readonly when: "before" | "after";
    }
  | {
      readonly type: "start";
      readonly instanceId: string;
      readonly input: Program;
    }
  | {
      readonly type: "raise";
      readonly instanceId: string;
      readonly name: string;
    }
  | { readonly type: "idle" };

export type HostAnswer =
  | { readonly type: "loaded" }
  /** How many instances a predecessor left unfinished. */
  | { readonly type: "opened"; readonly unfinished: number }
  | { readonly type: "started" | "exists"; readonly instanceId: string }
  | {
      readonly type: "raised";
      readonly instanceId: string;
      readonly name: string;
    }
  | { readonly type: "progress"; readonly unfinished: number };

const live = ["Pending", "Running", "Suspended"] as const;
let opened: { engine: DurableEngine; folder: string } | undefined;

const answer = (message: HostAnswer): void => void process.send?.(message);

function unfinishedIn({ engine }: { readonly engine: DurableEngine }): number {
  const { instances } = engine.statistics();
  return live.reduce((sum, status) => sum + (instances[status] ?? 0), 0);
}

/** Kills this process at the n-th statement that writes: BEGIN, each row, COMMIT with its sync. */
function dyingAt(
  database: DatabaseSync,
  dieAt: number,
  when: "before" | "after",
): void {
  let count = 0;
  const die = (): void => void process.kill(process.pid, "SIGKILL");
  const { prepare } = database;
  database.prepare = (sql: string): StatementSync => {
    const statement = Reflect.apply(prepare, database, [sql]);
    const { run } = statement;
    const dying = (...values: unknown[]): unknown => {
      count += 1;
      if (count === dieAt && when === "before") die();
      const result: unknown = Reflect.apply(run, statement, values);
      if (count === dieAt) die();
      return result;
    };
    return Object.assign(statement, { run: dying });
  };
}

function open({
  folder,
  dieAt,
  when,
}: Extract<HostRequest, { type: "open" }>): void {
  const app = defineProgram(createFolderAttempts(join(folder, "attempts")));
  const database = openDatabase({
    file: join(folder, "runtime.db"),
    applicationId: taskHubApplicationId,
    migrations: taskHubMigrations,
  });
  if (dieAt > 0) dyingAt(database, dieAt, when);
  const engine = createDurableEngine({
    database,
    loop: createCommitLoop(database, (error) => {
      throw error;
    }),
    clock: createSystemClock(),
    worker: app.worker,
    functions: app.functions,
    config: {
      hubName: "CrashHub",
      maxConcurrentActivityFunctions: 10,
      maxConcurrentOrchestratorFunctions: 10,
      maxConcurrentEntityFunctions: 10,
      maxEntityOperationBatchSize: 50,
      mode: "strict",
      versions: {
        defaultVersion: undefined,
        matchStrategy: "CurrentOrOlder",
        failureStrategy: "Reject",
      },
    },
    log: () => undefined,
  });
  opened = { engine, folder };
  const unfinished = unfinishedIn(opened);
  engine.start();
  answer({ type: "opened", unfinished });
}

async function serve(request: HostRequest): Promise<void> {
  if (request.type === "open") return open(request);
  if (opened === undefined) return;
  const { client } = opened.engine;
  switch (request.type) {
    case "start": {
      const { instanceId, input } = request;
      const known = client.getStatus(instanceId);
      const result =
        known ??
        (await client.start({
          name: "program",
          instanceId,
          input: JSON.stringify(input),
        }));
      const isNew = "outcome" in result && result.outcome === "started";
      return answer({ type: isNew ? "started" : "exists", instanceId });
    }
    case "raise": {
      const { instanceId, name } = request;
      const input = JSON.stringify(name);
      await client.raiseEvent(instanceId, name, input);
      return answer({ type: "raised", instanceId, name });
    }
    case "idle":
      return answer({ type: "progress", unfinished: unfinishedIn(opened) });
    default:
      request satisfies never;
  }
}

process.on("message", (request: HostRequest) => void serve(request));
process.on("disconnect", () => process.exit(0));
answer({ type: "loaded" });
