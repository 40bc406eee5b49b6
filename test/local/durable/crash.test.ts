import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { DatabaseSync } from "node:sqlite";

import * as fc from "fast-check";
import { afterAll, beforeAll, expect, test } from "vitest";

import { createVirtualClock } from "../../../local/durable/clock.ts";
import type { CommitLoop } from "../../../shared/storage/commit-loop.ts";
import {
  attempts,
  eventNames,
  programApp as app,
  step,
  type Step,
} from "./support/program-app.ts";
import { openTestHub, startTime, type Finished } from "./support/test-hub.ts";

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
}, 240_000);

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
