import * as fc from "fast-check";
import { afterEach, expect, test, vi } from "vitest";

import {
  createVirtualClock,
  type VirtualClock,
} from "../../../local/durable/clock.ts";
import { createTestWorkerPort } from "../../../local/testing/test-worker-port.ts";
import type { WorkerPort } from "../../../local/worker-port.ts";
import {
  attempts,
  programApp,
  step,
  type Step,
} from "./support/program-app.ts";
import { createSdkApp, df, type SdkApp } from "./support/sdk-worker.ts";
import { openTestHub, startTime } from "./support/test-hub.ts";

/**
 * How a turn ran: from the function's start, from where it waited, or behind the activity that it waited for; the last
 * two perhaps with a replay to check them, by the worker or because the host asked for it.
 */
type Run =
  | "replay"
  | "resume"
  | "resume and check"
  | "follow"
  | "follow and check"
  | "host's check";

/** Notes how the turns ran. */
function watch(worker: WorkerPort, runs: Run[]): WorkerPort {
  return {
    ...worker,
    invokeOrchestrator(name, payload, session) {
      runs.push(session?.checks !== undefined ? "host's check" : "replay");
      return worker.invokeOrchestrator(name, payload, session);
    },
    async resumeOrchestrator(call) {
      const outcome = await worker.resumeOrchestrator?.(call);
      if (outcome?.kind === "waiting") runs.push("resume");
      if (outcome?.kind === "replayed") runs.push("resume and check");
      return outcome ?? { kind: "gone" };
    },
    async invokeActivity(call) {
      const outcome = await worker.invokeActivity(call);
      if (outcome.kind !== "completed" || outcome.turn === undefined)
        return outcome;
      const { kind } = outcome.turn.resumption;
      if (kind === "waiting") runs.push("follow");
      if (kind === "replayed") runs.push("follow and check");
      return outcome;
    },
  };
}

/** The worker of a hub with `clock` that runs turns behind activities. */
function followingWorker(
  app: SdkApp,
  runs: Run[],
): { readonly worker: WorkerPort; readonly clock: VirtualClock } {
  const clock = createVirtualClock(startTime);
  return {
    clock,
    worker: watch(createTestWorkerPort(app.app, clock.now), runs),
  };
}

const id = "the-instance";

afterEach(() => {
  vi.useRealTimers();
});

/** The history without what is new in every run: execution IDs and what is made of them. */
async function runProgram(
  steps: readonly Step[],
  loops: number,
  shortestKeptHistory = 0,
): Promise<unknown> {
  attempts.clear();
  const hub = openTestHub(programApp, { shortestKeptHistory });
  await hub.start("program", { steps, loops }, id);
  const { status, output } = await hub.finish(id);
  const history = JSON.stringify(hub.engine.client.exportHistory(id))
    .replaceAll(hub.record(id).executionId, "execution")
    .replaceAll(/[\da-f]{8}(-[\da-f]{4}){3}-[\da-f]{12}/g, "guid");
  hub.close();
  return { status, output, history: JSON.parse(history) as unknown };
}

test("a history is the same, to the event, whether its turns resumed or replayed: generated orchestrations", async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.array(step, { minLength: 1, maxLength: 10 }),
      fc.nat(1),
      async (steps, loops) => {
        const replayed = await runProgram(steps, loops, Infinity);
        expect(await runProgram(steps, loops)).toEqual(replayed);
      },
    ),
    { numRuns: 60 },
  );
}, 60_000);

const sequence = createSdkApp(() => {
  df.app.activity("next", { handler: (index: number) => index + 1 });
  df.app.orchestration("sequence", function* (context) {
    let index = 0;
    while (index < (context.df.getInput<number>() ?? 0)) {
      index = (yield context.df.callActivity("next", index)) as number;
      context.df.setCustomStatus({ index });
    }
    return index;
  });
});

const ended = {
  status: "Completed",
  output: 200,
  customStatus: { index: 200 },
};

function checksOf(runs: readonly Run[]): readonly number[] {
  return runs.flatMap((run, turn) => (run.endsWith("check") ? [turn] : []));
}

test("a sequence runs behind its activities; it is replayed at its end, and before only as often as its history doubles", async () => {
  const runs: Run[] = [];
  // However slow this machine is, its activities are quick.
  vi.useFakeTimers({ toFake: ["performance"] });
  const hub = openTestHub(sequence, followingWorker(sequence, runs));
  const finished = await hub.finish(await hub.start("sequence", 200));
  expect(finished).toEqual(ended);
  const [first, ...others] = runs;
  expect([first, ...new Set(others)]).toEqual([
    "replay",
    "follow",
    "follow and check",
    // Its payload is too long for the worker to hold.
    "host's check",
  ]);
  // Two events and four for each turn before it: 66, 134, 270, 542, and the end.
  expect(checksOf(runs)).toEqual([16, 33, 67, 135, 200]);
  expect(runs).toHaveLength(201);
  hub.close();
});

test("where no turn runs behind an activity, the function resumes, and is replayed as often", async () => {
  const runs: Run[] = [];
  const hub = openTestHub(sequence, { worker: watch(sequence.worker, runs) });
  const finished = await hub.finish(await hub.start("sequence", 200));
  expect(finished).toEqual(ended);
  expect([...new Set(runs)]).toEqual([
    "replay",
    "resume",
    "resume and check",
    "host's check",
  ]);
  expect(checksOf(runs)).toEqual([16, 33, 67, 135, 200]);
  expect(runs).toHaveLength(201);
  hub.close();
});

test("in compat mode every turn is a replay, as on Azure", async () => {
  const runs: Run[] = [];
  const hub = openTestHub(sequence, {
    ...followingWorker(sequence, runs),
    mode: "compat",
  });
  await hub.finish(await hub.start("sequence", 20));
  expect(new Set(runs)).toEqual(new Set(["replay"]));
  hub.close();
});

test("a worker that keeps nothing replays, with the same outcome", async () => {
  const runs: Run[] = [];
  const worker: WorkerPort = {
    ...sequence.worker,
    resumeOrchestrator: () => Promise.resolve({ kind: "gone" }),
  };
  const hub = openTestHub(sequence, {
    worker: watch(worker, runs),
  });
  const { output } = await hub.finish(await hub.start("sequence", 10));
  expect(output).toBe(10);
  expect(runs).not.toContain("resume");
  hub.close();
});

/** Each `turns` turns of `body`, on a kept function from the first turn on; the body of a replay sees a new `run`. */
function createBodyApp(
  body: (index: number, run: number) => number | string,
): ReturnType<typeof createSdkApp> {
  let runs = 0;
  return createSdkApp(() => {
    df.app.activity("even", { handler: () => "done" });
    df.app.activity("odd", { handler: () => "done" });
    df.app.orchestration("doubtful", function* (context) {
      const run = runs++;
      for (let index = 0; index < 4; index += 1) {
        const asked = body(index, run);
        if (typeof asked === "string") yield context.df.callActivity(asked);
        else yield context.df.callActivity("even", asked);
      }
      return "done";
    });
  });
}

test("another input than before is found when the function is replayed, at its end at the latest", async () => {
  const app = createBodyApp((_index, run) => run);
  const hub = openTestHub(app);
  const { status, output } = await hub.finish(await hub.start("doubtful"));
  expect(status).toBe("Failed");
  expect(output).toContain("Non-Deterministic workflow detected");
  expect(output).toContain("'even' in another way");
  hub.close();
});

test("another input for the next execution than before is found, under its name", async () => {
  let runs = 0;
  const app = createSdkApp(() => {
    df.app.activity("even", { handler: () => "done" });
    df.app.orchestration("endless", function* (context) {
      const run = runs++;
      yield context.df.callActivity("even");
      context.df.continueAsNew(run);
      return "done";
    });
  });
  const hub = openTestHub(app);
  const { status, output } = await hub.finish(await hub.start("endless"));
  expect(status).toBe("Failed");
  expect(output).toContain("'continueAsNew' in another way");
  hub.close();
});

test("another activity than before is found, although the kept function itself goes on", async () => {
  const app = createBodyApp((_index, run) => (run % 2 === 0 ? "even" : "odd"));
  const hub = openTestHub(app);
  const { status, output } = await hub.finish(await hub.start("doubtful"));
  expect(status).toBe("Failed");
  expect(output).toContain("Non-Deterministic workflow detected");
  hub.close();
});

test("what the function is told of time, replay and identity is the same when it resumes", async () => {
  const told: unknown[] = [];
  const app = createSdkApp(() => {
    df.app.activity("even", { handler: () => "done" });
    df.app.orchestration("observer", function* (context) {
      for (let index = 0; index < 12; index += 1) {
        yield context.df.createTimer(
          new Date(context.df.currentUtcDateTime.getTime() + 1000),
        );
        yield context.df.callActivity("even");
        if (!context.df.isReplaying)
          told.push([
            context.df.currentUtcDateTime.toISOString(),
            context.df.newGuid(context.df.instanceId),
          ]);
        else context.df.newGuid(context.df.instanceId);
      }
    });
  });
  const run = async (shortestKeptHistory: number): Promise<unknown[]> => {
    told.length = 0;
    const hub = openTestHub(app, { shortestKeptHistory });
    await hub.start("observer", null, id);
    await hub.finish(id);
    hub.close();
    return [...told];
  };
  const replayed = await run(Infinity);
  expect(replayed).toHaveLength(12);
  expect(await run(0)).toEqual(replayed);
});

const meeting = createSdkApp(() => {
  df.app.activity("even", { handler: () => "done" });
  df.app.orchestration("meeting", function* (context) {
    const both = [
      context.df.callActivity("even"),
      context.df.waitForExternalEvent("go"),
    ];
    const met: unknown = yield context.df.Task.all(both);
    const last: unknown = yield context.df.callActivity("even");
    return [met, last];
  });
});

/** A worker whose activities end only after `open`; `before`: their functions begin only then, too. */
function createGate(
  worker: WorkerPort,
  held: "before" | "after",
): { readonly worker: WorkerPort; open(): void } {
  const gate = Promise.withResolvers<void>();
  return {
    open: gate.resolve,
    worker: {
      ...worker,
      async invokeActivity(call) {
        if (held === "before") await gate.promise;
        const outcome = await worker.invokeActivity(call);
        await gate.promise;
        return outcome;
      },
    },
  };
}

test.each(["before", "after"] as const)(
  "an event that comes while an activity runs has its own turn, also where the worker has run the activity's turn %s it",
  async (held) => {
    const clock = createVirtualClock(startTime);
    const gate = createGate(createTestWorkerPort(meeting.app, clock.now), held);
    const hub = openTestHub(meeting, { clock, worker: gate.worker });
    await hub.start("meeting", null, id);
    await vi.waitUntil(() => hub.engine.statistics().activities.running === 1);
    await hub.raise(id, "go", "gone");
    await vi.waitUntil(
      () => hub.engine.client.exportHistory(id)?.at(-2)?.EventType === 15,
    );
    gate.open();
    expect(await hub.finish(id)).toMatchObject({
      status: "Completed",
      output: [["done", "gone"], "done"],
    });
    // OrchestratorCompleted ends each turn.
    expect(
      hub.engine.client
        .exportHistory(id)
        ?.map(({ EventType }) => EventType)
        .join(" ")
        .split(" 13"),
    ).toEqual(["12 0 4", " 12 15", " 12 5 4", " 12 5 1", ""]);
    hub.close();
  },
);

const createTimelyApp = (): SdkApp =>
  createSdkApp(() => {
    df.app.activity("echo", { handler: (input: unknown) => input });
    df.app.orchestration("timely", function* (context) {
      const first: unknown = yield context.df.callActivity("echo", "first");
      const now = context.df.currentUtcDateTime.getTime() - startTime;
      const then: unknown = yield context.df.callActivity("echo", now);
      return [first, then];
    });
  });

test("a worker does not go on with what it has kept from a turn that was not taken, once another one has run the next", async () => {
  const clock = createVirtualClock(startTime);
  const [app, other] = [createTimelyApp(), createTimelyApp()];
  const first = createTestWorkerPort(app.app, clock.now);
  const second = createTestWorkerPort(other.app, clock.now);
  const { worker, open } = createGate(first, "after");
  let turnsGoTo = first;
  const hub = openTestHub(app, {
    clock,
    worker: {
      ...worker,
      invokeOrchestrator: (...call) => turnsGoTo.invokeOrchestrator(...call),
      resumeOrchestrator: async (call) =>
        (await turnsGoTo.resumeOrchestrator?.(call)) ?? { kind: "gone" },
    },
  });
  await hub.start("timely", null, id);
  await vi.waitUntil(() => hub.engine.statistics().activities.running === 1);
  // The first worker is busy, and the turn of the activity, which it has run, is not the next one any more.
  turnsGoTo = second;
  await hub.raise(id, "other");
  await vi.waitUntil(
    () => hub.engine.client.exportHistory(id)?.at(-2)?.EventType === 15,
  );
  turnsGoTo = first;
  clock.advanceTo(startTime + 1000);
  open();
  expect(await hub.finish(id)).toMatchObject({
    status: "Completed",
    output: ["first", 1000],
  });
  hub.close();
});

test("an activity that is lost with the turn behind it runs again without one", async () => {
  const clock = createVirtualClock(startTime);
  const port = createTestWorkerPort(sequence.app, clock.now);
  const calls: boolean[] = [];
  const worker: WorkerPort = {
    ...port,
    async invokeActivity(call) {
      calls.push(call.follow !== undefined);
      const outcome = await port.invokeActivity(call);
      return calls.length === 2 ? { kind: "lost" } : outcome;
    },
  };
  const hub = openTestHub(sequence, { clock, worker });
  const { output } = await hub.finish(await hub.start("sequence", 4));
  expect(output).toBe(4);
  // The function in the worker is a turn ahead then: that turn is a replay, which keeps it again.
  expect(calls).toEqual([true, true, false, true, true]);
  hub.close();
});
