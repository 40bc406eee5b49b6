import { mkdirSync } from "node:fs";
import { join } from "node:path";
import * as fc from "fast-check";
import { expect } from "vitest";
import type { HistoryEvent } from "../../../local/durable/history-event.ts";
import { EventType } from "../../../local/durable/history-event.ts";
import { createTempFolder } from "../../support/temp-folder.ts";
import {
  bundleHost,
  runLane,
  type LanePlan,
  type LaneResult,
} from "./crash-lane.ts";
import { eventNames, type Program } from "./crash-program.ts";
import { leafSteps, steps } from "./crash-steps.ts";
import { attempts, programApp } from "./support/program-app.ts";
import { openTestHub, type TestHub } from "./support/test-hub.ts";

/** Two hosts at a time, one for each core of a small machine. */
const lanes = 2;
const longestSleepMs = 80;
const retryMs = 5;

/** What a run of all programs comes to. */
interface Outcome {
  readonly outputs: ReadonlyMap<string, unknown>;
  /** What all entities together were given. */
  readonly total: unknown;
}

/**
 * Kills hosts while generated orchestrations run on them, and expects their outcome to be that of a run without crashes.
 *
 * @returns how many hosts died, and how
 */
export async function expectCrashesToChangeNothing(options: {
  readonly seed: number;
  readonly crashes: number;
}): Promise<LaneResult> {
  const folder = createTempFolder();
  const hostFile = await bundleHost(folder);
  const plans = Array.from({ length: lanes }, (_, lane): LanePlan => {
    const seed = options.seed * lanes + lane;
    const crashes = Math.ceil(options.crashes / lanes);
    const laneFolder = join(folder, String(lane));
    mkdirSync(laneFolder);
    return {
      hostFile,
      folder: laneFolder,
      seed,
      crashes,
      programs: generatePrograms(seed, crashes * 3),
    };
  });
  const results = await Promise.all(plans.map(runLane));
  for (const plan of plans) {
    const expected = await runUndisturbed(plan.programs);
    const actual = await readOutcome(plan);
    expect(actual, `seed ${plan.seed}`).toEqual(expected);
  }
  const sumOf = (name: keyof LaneResult): number =>
    results.reduce((sum, result) => sum + result[name], 0);
  return {
    crashes: sumOf("crashes"),
    inRunningWork: sumOf("inRunningWork"),
    atStatement: sumOf("atStatement"),
    acknowledged: sumOf("acknowledged"),
  };
}

/** Those that wait for events do so once: what nobody has taken when they continue as new is gone. */
function generatePrograms(
  seed: number,
  count: number,
): ReadonlyMap<string, Program> {
  const plain = fc.record({
    steps: fc.array(steps(longestSleepMs), { minLength: 2, maxLength: 5 }),
    loops: fc.nat(2),
    retryMs: fc.constant(retryMs),
  });
  const waiting = fc.record({
    steps: fc
      .array(leafSteps(longestSleepMs), { minLength: 1, maxLength: 3 })
      .map((around) => [
        ...around,
        { kind: "event" as const, name: "first" },
        { kind: "event" as const, name: "second" },
      ]),
    loops: fc.constant(0),
    retryMs: fc.constant(retryMs),
  });
  const programs = fc.sample(fc.oneof(plain, waiting), {
    seed,
    numRuns: count,
  });
  return new Map(programs.map((program, index) => [`p${index}`, program]));
}

async function runUndisturbed(
  programs: ReadonlyMap<string, Program>,
): Promise<Outcome> {
  attempts.clear();
  const hub = openTestHub(programApp);
  for (const [id, program] of programs) {
    await hub.start("program", program, id);
    for (const name of eventNames(program.steps))
      await hub.raise(id, name, name);
  }
  for (const id of programs.keys()) await hub.finish(id);
  return finishAndRead(hub, programs);
}

/** What the killed hosts left, with the signals that were still under way when the last one ended. */
async function readOutcome({ folder, programs }: LanePlan): Promise<Outcome> {
  const hub = openTestHub(programApp, { file: join(folder, "runtime.db") });
  return finishAndRead(hub, programs);
}

async function finishAndRead(
  hub: TestHub,
  programs: ReadonlyMap<string, Program>,
): Promise<Outcome> {
  await hub.settle();
  const outputs = new Map<string, unknown>();
  for (const id of programs.keys()) {
    const { status, output } = hub.record(id);
    outputs.set(id, { status, output });
    expectEachTaskToEndOnce(id, hub.engine.client.exportHistory(id) ?? []);
  }
  const total = hub.engine.entities.readState({ name: "sum", key: "total" });
  hub.close();
  return { outputs, total };
}

function expectEachTaskToEndOnce(
  id: string,
  events: readonly HistoryEvent[],
): void {
  const ended = events.flatMap((event) => {
    if ("TaskScheduledId" in event) return [event.TaskScheduledId];
    return event.EventType === EventType.TimerFired ? [event.TimerId] : [];
  });
  expect(new Set(ended).size, `${id}: ${ended.join()}`).toBe(ended.length);
}
