import * as fc from "fast-check";
import { expect, test } from "vitest";

import type { WorkerPort } from "../../../local/worker-port.ts";
import {
  attempts,
  programApp,
  step,
  type Step,
} from "./support/program-app.ts";
import { createSdkApp, df } from "./support/sdk-worker.ts";
import { openTestHub } from "./support/test-hub.ts";

/** How a turn ran: from the function's start, from where it waited, or both, the second to check the first. */
type Run = "replay" | "resume" | "resume and check";

/** Notes how the turns ran. */
function watch(worker: WorkerPort, runs: Run[]): WorkerPort {
  return {
    ...worker,
    invokeOrchestrator(name, payload, session) {
      if (session?.isCheck === true) runs[runs.length - 1] = "resume and check";
      else runs.push("replay");
      return worker.invokeOrchestrator(name, payload, session);
    },
    async resumeOrchestrator(call) {
      const outcome = await worker.resumeOrchestrator?.(call);
      if (outcome?.kind !== "gone") runs.push("resume");
      return outcome ?? { kind: "gone" };
    },
  };
}

const id = "the-instance";

/** The history without what is new in every run: execution IDs and what is made of them. */
async function runProgram(
  steps: readonly Step[],
  loops: number,
  shortestKeptHistory: number,
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
        expect(await runProgram(steps, loops, 0)).toEqual(replayed);
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

test("a long sequence is replayed only as often as its history doubles, and at its end", async () => {
  const runs: Run[] = [];
  const hub = openTestHub(sequence, { worker: watch(sequence.worker, runs) });
  const finished = await hub.finish(await hub.start("sequence", 200));
  expect(finished).toEqual({
    status: "Completed",
    output: 200,
    customStatus: { index: 200 },
  });
  // Below 64 events, each turn is a replay; the first one above leaves the function to be kept.
  expect(runs.slice(0, 17)).toEqual(Array(17).fill("replay"));
  expect(runs.slice(17)).not.toContain("replay");
  const checked = runs.flatMap((run, turn) =>
    run === "resume and check" ? [turn] : [],
  );
  expect(checked).toEqual([33, 67, 135, 200]);
  expect(runs).toHaveLength(201);
  hub.close();
});

test("in compat mode every turn is a replay, as on Azure", async () => {
  const runs: Run[] = [];
  const hub = openTestHub(sequence, {
    worker: watch(sequence.worker, runs),
    mode: "compat",
    shortestKeptHistory: 0,
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
    shortestKeptHistory: 0,
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
  const hub = openTestHub(app, { shortestKeptHistory: 0 });
  const { status, output } = await hub.finish(await hub.start("doubtful"));
  expect(status).toBe("Failed");
  expect(output).toContain("Non-Deterministic workflow detected");
  expect(output).toContain("'even' in another way");
  hub.close();
});

test("another activity than before is found, although the kept function itself goes on", async () => {
  const app = createBodyApp((_index, run) => (run % 2 === 0 ? "even" : "odd"));
  const hub = openTestHub(app, { shortestKeptHistory: 0 });
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
