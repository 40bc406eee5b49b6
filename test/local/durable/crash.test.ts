import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { DatabaseSync } from "node:sqlite";

import * as fc from "fast-check";
import { afterAll, beforeAll, expect, test } from "vitest";

import { createVirtualClock } from "../../../local/durable/clock.ts";
import type { CommitLoop } from "../../../shared/storage/commit-loop.ts";
import { createSdkApp, df } from "./support/sdk-worker.ts";
import { openTestHub, startTime, type Finished } from "./support/test-hub.ts";

/** A small orchestration as data; `program` below runs it. */
type Step =
  | { readonly kind: "activity"; readonly value: number }
  | { readonly kind: "flaky"; readonly failures: number }
  | { readonly kind: "sleep"; readonly ms: number }
  | { readonly kind: "all"; readonly values: readonly number[] }
  | { readonly kind: "race"; readonly value: number }
  | { readonly kind: "event"; readonly name: string }
  | { readonly kind: "entity"; readonly values: readonly number[] }
  | { readonly kind: "lock"; readonly value: number }
  | { readonly kind: "child"; readonly steps: readonly Step[] };

const attempts = new Map<string, number>();

const app = createSdkApp(() => {
  df.app.activity("square", { handler: (value: number) => value * value });
  df.app.activity("flaky", {
    handler: (input: { key: string; failures: number }) => {
      const attempt = (attempts.get(input.key) ?? 0) + 1;
      attempts.set(input.key, attempt);
      if (attempt <= input.failures) throw new Error("not yet");
      return "at last";
    },
  });
  df.app.entity("sum", (context) => {
    const sum = (context.df.getState(() => 0) ?? 0) as number;
    if (context.df.operationName === "get") return context.df.return(sum);
    context.df.setState(sum + (context.df.getInput<number>() ?? 0));
    // Each sum tells another entity, which tells nobody.
    if (context.df.entityKey === "total") return;
    const total = new df.EntityId("sum", "total");
    context.df.signalEntity(total, "add", context.df.getInput());
  });
  df.app.orchestration("program", function* (context) {
    const { steps, loops } = context.df.getInput<{
      steps: Step[];
      loops: number;
    }>() ?? { steps: [], loops: 0 };
    const results: unknown[] = [];
    for (const [index, step] of steps.entries()) {
      const at = (ms: number) =>
        new Date(context.df.currentUtcDateTime.getTime() + ms);
      switch (step.kind) {
        case "activity":
          results.push(yield context.df.callActivity("square", step.value));
          break;
        case "flaky":
          results.push(
            yield context.df.callActivityWithRetry(
              "flaky",
              new df.RetryOptions(1000, 4),
              {
                key: `${context.df.instanceId}/${index}/${loops}`,
                failures: step.failures,
              },
            ),
          );
          break;
        case "sleep":
          yield context.df.createTimer(at(step.ms));
          results.push("slept");
          break;
        case "all":
          results.push(
            yield context.df.Task.all(
              step.values.map((value) =>
                context.df.callActivity("square", value),
              ),
            ),
          );
          break;
        case "race": {
          const deadline = context.df.createTimer(at(3_600_000));
          const work = context.df.callActivity("square", step.value);
          const winner = yield context.df.Task.any([work, deadline]);
          deadline.cancel();
          results.push(winner === work ? work.result : "late");
          break;
        }
        case "event":
          results.push(yield context.df.waitForExternalEvent(step.name));
          break;
        case "entity": {
          const sum = new df.EntityId(
            "sum",
            `${context.df.instanceId}/${index}`,
          );
          for (const value of step.values) {
            context.df.signalEntity(sum, "add", value);
          }
          results.push(yield context.df.callEntity(sum, "get"));
          break;
        }
        case "lock": {
          const ids = ["left", "right"].map(
            (key) => new df.EntityId("sum", key),
          );
          const lock = yield context.df.lock(ids);
          for (const id of ids) {
            yield context.df.callEntity(id, "add", step.value);
            results.push(yield context.df.callEntity(id, "get"));
          }
          // Every second time the end of the orchestration ends the lock.
          if (index + 1 < steps.length) lock.release();
          break;
        }
        case "child":
          results.push(
            yield context.df.callSubOrchestrator("program", {
              steps: step.steps,
              loops: 0,
            }),
          );
          break;
        default:
          throw new Error(String(step satisfies never));
      }
    }
    if (loops === 0) return results;
    context.df.continueAsNew({ steps, loops: loops - 1 });
    return undefined;
  });
});

let folder = "";
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), "nucleus-durable-"));
});
afterAll(() => rmSync(folder, { recursive: true }));

let files = 0;
const newFile = (): string => join(folder, `${files++}.db`);

/** What must be the same after every crash: the output, and what the entities have added up. */
interface FinishedWithTotal extends Finished {
  readonly total: string | undefined;
}

interface Snapshot {
  readonly file: string;
  readonly now: number;
}

const id = "the-instance";

/** Runs the steps undisturbed, and copies the task hub after every commit, before the commit's effects. */
async function runWithSnapshots(
  steps: readonly Step[],
  loops: number,
): Promise<{ finished: FinishedWithTotal; snapshots: Snapshot[] }> {
  const snapshots: Snapshot[] = [];
  const clock = createVirtualClock(startTime);
  const wrapLoop = (loop: CommitLoop, database: DatabaseSync): CommitLoop => {
    let isDue = false;
    const snapshot = (): void => {
      isDue = false;
      const file = newFile();
      database.exec(`VACUUM INTO '${file}'`);
      snapshots.push({ file, now: clock.now() });
    };
    return {
      ...loop,
      write: (operation) =>
        loop.write(() => {
          if (!isDue) {
            isDue = true;
            loop.afterCommit(snapshot);
          }
          return operation();
        }),
    };
  };
  const hub = openTestHub(app, { file: newFile(), clock, wrapLoop });
  await hub.start("program", { steps, loops }, id);
  for (const name of eventNames(steps)) await hub.raise(id, name, name);
  const finished = await hub.finish(id);
  await hub.settle();
  const total = hub.engine.entities.readState({ name: "sum", key: "total" });
  hub.close();
  return { finished: { ...finished, total: total?.state }, snapshots };
}

/** A new process on what the crashed one left. Whoever raised an event unanswered raises it again. */
async function runAfterCrash(
  { file, now }: Snapshot,
  steps: readonly Step[],
): Promise<FinishedWithTotal> {
  const hub = openTestHub(app, { file, clock: createVirtualClock(now) });
  let finished = await hub.finish(id);
  if (finished.status === "Running") {
    for (const name of eventNames(steps)) await hub.raise(id, name, name);
    finished = await hub.finish(id);
  }
  // Signals may be under way when the orchestration has ended.
  await hub.settle();
  const left = hub.database
    .prepare(
      `SELECT (SELECT count(*) FROM th_message) AS messages,
        (SELECT count(*) FROM th_entity_message) AS entityMessages,
        (SELECT count(*) FROM th_entity WHERE locked_by IS NOT NULL) AS locks`,
    )
    .get();
  expect(left).toEqual({ messages: 0, entityMessages: 0, locks: 0 });
  const total = hub.engine.entities.readState({ name: "sum", key: "total" });
  hub.close();
  return { ...finished, total: total?.state };
}

function eventNames(steps: readonly Step[]): string[] {
  return steps.flatMap((step) => (step.kind === "event" ? [step.name] : []));
}

async function expectCrashesToChangeNothing(
  steps: readonly Step[],
  loops: number,
): Promise<void> {
  attempts.clear();
  const { finished, snapshots } = await runWithSnapshots(steps, loops);
  expect(finished.status).toBe("Completed");
  for (const snapshot of snapshots) {
    expect(await runAfterCrash(snapshot, steps)).toEqual(finished);
    rmSync(snapshot.file);
  }
}

const value = fc.nat(20);
const leaf: fc.Arbitrary<Step> = fc.oneof(
  fc.record({ kind: fc.constant("activity" as const), value }),
  fc.record({ kind: fc.constant("flaky" as const), failures: fc.nat(3) }),
  fc.record({
    kind: fc.constant("sleep" as const),
    ms: fc.integer({ min: 1, max: 20 * 24 * 3_600_000 }),
  }),
  fc.record({
    kind: fc.constant("all" as const),
    values: fc.array(value, { minLength: 1, maxLength: 4 }),
  }),
  fc.record({ kind: fc.constant("race" as const), value }),
  fc.record({
    kind: fc.constant("entity" as const),
    values: fc.array(value, { maxLength: 3 }),
  }),
  fc.record({ kind: fc.constant("lock" as const), value }),
);
const step: fc.Arbitrary<Step> = fc.oneof(
  { weight: 4, arbitrary: leaf },
  {
    weight: 1,
    arbitrary: fc.record({
      kind: fc.constant("child" as const),
      steps: fc.array(leaf, { maxLength: 3 }),
    }),
  },
);

test("a crash after any commit changes no output: one of each step", async () => {
  await expectCrashesToChangeNothing(
    [
      { kind: "activity", value: 3 },
      { kind: "flaky", failures: 2 },
      { kind: "event", name: "approval" },
      { kind: "all", values: [1, 2, 3] },
      { kind: "race", value: 4 },
      { kind: "child", steps: [{ kind: "sleep", ms: 1000 }] },
      { kind: "entity", values: [5, 6] },
      { kind: "lock", value: 2 },
      { kind: "sleep", ms: 7 * 24 * 3_600_000 },
      { kind: "lock", value: 3 },
    ],
    0,
  );
});

test("a crash after any commit changes no output: continue-as-new", async () => {
  await expectCrashesToChangeNothing(
    [
      { kind: "activity", value: 2 },
      { kind: "sleep", ms: 10 },
    ],
    2,
  );
});

test("a crash after any commit changes no output: generated orchestrations", async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.array(step, { minLength: 1, maxLength: 4 }),
      fc.nat(1),
      expectCrashesToChangeNothing,
    ),
    { numRuns: 25 },
  );
}, 60_000);

test("an acknowledged event survives a crash before its turn", async () => {
  const steps: Step[] = [{ kind: "event", name: "approval" }];
  const { snapshots } = await runWithSnapshots(steps, 0);
  const hub = openTestHub(app, {
    file: snapshots[1]?.file ?? "",
    clock: createVirtualClock(startTime),
  });
  const finished = await hub.finish(id);
  expect(finished.output).toEqual(["approval"]);
  hub.close();
});
