import { setImmediate as nextTurn } from "node:timers/promises";
import * as fc from "fast-check";
import { expect, test } from "vitest";

import { createVirtualClock } from "../../../local/durable/clock.ts";
import { createTestWorkerPort } from "../../../local/testing/test-worker-port.ts";
import type { WorkerPort } from "../../../local/worker-port.ts";
import { defineProgram } from "./crash-program.ts";
import {
  attempts,
  programApp,
  step,
  type Step,
} from "./support/program-app.ts";
import { openTestHub, startTime, type TestHub } from "./support/test-hub.ts";

const id = "the-instance";

/** The same app in another worker, with functions of its own that it keeps. */
const otherApp = defineProgram({
  count(key) {
    const attempt = (attempts.get(key) ?? 0) + 1;
    attempts.set(key, attempt);
    return attempt;
  },
});

/** What becomes of one invocation. */
interface Fate {
  readonly worker: 0 | 1;
  /** Whether an orchestrator's turn, or an activity with one behind it, goes to the worker that had the last one. */
  readonly isFaithful: boolean;
  readonly lost: "no" | "before" | "after";
  /** Turns of the event loop. */
  readonly late: number;
}

const fate: fc.Arbitrary<Fate> = fc.record({
  worker: fc.constantFrom(0, 1),
  isFaithful: fc.boolean(),
  lost: fc.oneof(
    { weight: 8, arbitrary: fc.constant("no" as const) },
    { weight: 1, arbitrary: fc.constantFrom("before", "after") },
  ),
  late: fc.nat(3),
});

const steady: Fate = { worker: 0, isFaithful: true, lost: "no", late: 0 };

/** Two workers between which turns and activities are dealt out, late and sometimes lost. */
function createUnsteadyWorker(
  ports: readonly [WorkerPort, WorkerPort],
  fates: readonly Fate[],
): WorkerPort {
  let invocations = 0;
  let last: 0 | 1 = 0;
  const run = async <Outcome>(
    isTurn: boolean,
    invoke: (port: WorkerPort) => Promise<Outcome>,
  ): Promise<Outcome | { readonly kind: "lost" }> => {
    const next = fates[invocations++ % fates.length];
    if (next === undefined) return invoke(ports[0]);
    const { isFaithful, lost, late } = next;
    const worker = isTurn && isFaithful ? last : next.worker;
    if (isTurn) last = worker;
    for (let turn = 0; turn < late; turn += 1) await nextTurn();
    if (lost === "before") return { kind: "lost" };
    const outcome = await invoke(ports[worker]);
    for (let turn = 0; turn < late; turn += 1) await nextTurn();
    return lost === "after" ? { kind: "lost" } : outcome;
  };
  return {
    invokeOrchestrator: (...call) =>
      run(true, (port) => port.invokeOrchestrator(...call)),
    resumeOrchestrator: (call) =>
      run(
        true,
        async (port) =>
          (await port.resumeOrchestrator?.(call)) ?? { kind: "gone" },
      ),
    invokeActivity: (call) =>
      run(call.follow !== undefined, (port) => port.invokeActivity(call)),
    invokeEntity: (...call) => run(false, (port) => port.invokeEntity(...call)),
  };
}

type Disturbance = "event" | "suspend" | "resume" | "pause";

async function disturb(
  { engine, clock }: TestHub,
  disturbances: readonly Disturbance[],
): Promise<void> {
  for (const disturbance of disturbances) {
    await nextTurn();
    if (disturbance === "event")
      await engine.client.raiseEvent(id, "unheard", null);
    else if (disturbance === "pause") clock.advanceTo(clock.now() + 7);
    else await engine.client[disturbance](id, null);
  }
}

async function run(
  steps: readonly Step[],
  loops: number,
  disturbed?: {
    readonly fates: readonly Fate[];
    readonly disturbances: readonly Disturbance[];
  },
): Promise<unknown> {
  attempts.clear();
  const clock = createVirtualClock(startTime);
  const worker =
    disturbed &&
    createUnsteadyWorker(
      [
        createTestWorkerPort(programApp.app, clock.now),
        createTestWorkerPort(otherApp.app, clock.now),
      ],
      disturbed.fates,
    );
  const hub = openTestHub(programApp, {
    clock,
    ...(worker !== undefined && { worker }),
    ...(disturbed === undefined && { shortestKeptHistory: Infinity }),
  });
  await hub.start("program", { steps, loops }, id);
  const disturbing = disturb(hub, disturbed?.disturbances ?? []);
  await hub.finish(id);
  await disturbing;
  await hub.finish(id);
  await hub.engine.client.resume(id, null);
  const { status, output } = await hub.finish(id);
  hub.close();
  return { status, output };
}

test("turns go from worker to worker, late and lost, while others disturb: the output is that of one worker that replays", async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.array(step, { minLength: 1, maxLength: 8 }),
      fc.nat(1),
      fc.record({
        // One that is not lost: what is asked for again and again comes through.
        fates: fc
          .array(fate, { minLength: 10, maxLength: 40 })
          .map((fates) => [...fates, steady]),
        disturbances: fc.array(
          fc.constantFrom<Disturbance>("event", "suspend", "resume", "pause"),
          { maxLength: 20 },
        ),
      }),
      async (steps, loops, disturbed) => {
        const undisturbed = await run(steps, loops);
        expect(await run(steps, loops, disturbed)).toEqual(undisturbed);
      },
    ),
    { numRuns: 60 },
  );
}, 120_000);
