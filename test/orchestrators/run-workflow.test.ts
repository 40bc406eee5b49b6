import { expect, onTestFinished, test } from "vitest";
import { Tag } from "../../shared/kernel/metadata.ts";
import { EventType } from "../../local/durable/history-event.ts";
import { startTime } from "../local/durable/support/test-hub.ts";
import {
  jobId,
  openScriptedApp,
  type Script,
  type ScriptedApp,
} from "./support/scripted-app.ts";

function open(script: Script): ScriptedApp {
  const app = openScriptedApp(script);
  onTestFinished(() => app.hub.close());
  return app;
}

async function run(script: Script): Promise<ScriptedApp> {
  const app = open(script);
  await app.start();
  await app.finish();
  return app;
}

const callsOf = (app: ScriptedApp, activity: string) =>
  app.calls.filter((call) => call.activity === activity);

test.each([
  { artifacts: 0, personas: 1 },
  { artifacts: 1, personas: 1 },
  { artifacts: 7, personas: 3 },
  { artifacts: 200, personas: 10 },
])(
  "$artifacts artifacts and $personas personas take at most 2k + p + 4 activities, and no timer outlives the job",
  async (script) => {
    const app = await run(script);
    const { artifacts, personas } = script;
    expect(app.calls.length).toBeLessThanOrEqual(2 * artifacts + personas + 4);
    expect(callsOf(app, "retrieve-artifact")).toHaveLength(artifacts);
    expect(callsOf(app, "extract-content")).toHaveLength(artifacts);
    expect(callsOf(app, "form-opinion")).toHaveLength(personas);
    expect(app.ends).toMatchObject([
      {
        status: "Completed",
        answered: Array.from({ length: personas }, (_, n) => `persona-${n}`),
      },
    ]);
    // An open timer would have kept the instance running until the deadline.
    expect(app.hub.clock.now()).toBe(startTime);
    expect(app.hub.clock.nextAt()).toBeUndefined();
    const history = app.hub.engine.client.exportHistory(jobId) ?? [];
    const created = history.filter(
      ({ EventType: type }) =>
        type === EventType.SubOrchestrationInstanceCreated,
    );
    expect(created).toHaveLength(1);
  },
);

test("one unreadable artifact of many: the job completes with what was read, and nothing of it is retried", async () => {
  const app = await run({
    artifacts: 3,
    fail({ activity, item }) {
      if (activity === "retrieve-artifact" && item === 0)
        return "artifact_not_found";
      return activity === "extract-content" && item === 1
        ? "extraction_corrupt"
        : undefined;
    },
  });
  expect(app.ends).toMatchObject([{ status: "Completed" }]);
  expect(callsOf(app, "retrieve-artifact")).toHaveLength(3);
  expect(callsOf(app, "extract-content")).toHaveLength(2);
});

test.each([
  { hasQuery: true, end: { status: "Completed" } },
  {
    hasQuery: false,
    end: {
      status: "Failed",
      failure: { code: "nothing_readable", step: "extract", retryable: false },
    },
  },
])(
  "nothing readable, with a query: $hasQuery ends as $end.status",
  async ({ hasQuery, end }) => {
    const app = await run({
      artifacts: 2,
      hasQuery,
      fail: ({ activity }) =>
        activity === "extract-content" ? "extraction_encrypted" : undefined,
    });
    expect(app.ends).toMatchObject([end]);
    expect(callsOf(app, "form-opinion")).toHaveLength(hasQuery ? 1 : 0);
  },
);

test("a transient failure is retried with growing pauses, and is forgotten when it passes", async () => {
  const app = open({
    artifacts: 1,
    fail: ({ activity, attempt }) =>
      activity === "retrieve-artifact" && attempt < 3
        ? "artifact_throttled"
        : undefined,
  });
  await app.start();
  await app.hub.settle();
  const pauses: number[] = [];
  while (app.ends.length === 0) {
    const before = app.hub.clock.now();
    app.hub.clock.advanceTo(app.hub.clock.nextAt() ?? Number.NaN);
    pauses.push(app.hub.clock.now() - before);
    await app.hub.settle();
  }
  expect(pauses).toEqual([1_000, 2_500]);
  expect(app.ends).toMatchObject([{ status: "Completed" }]);
});

test("a transient failure that lasts ends the job with its code after four attempts", async () => {
  const app = await run({
    fail: ({ activity }) =>
      activity === "form-opinion" ? "model_unavailable" : undefined,
  });
  expect(callsOf(app, "form-opinion")).toHaveLength(4);
  expect(app.ends).toMatchObject([
    {
      status: "Failed",
      failure: { code: "model_unavailable", step: "persona", retryable: true },
    },
  ]);
});

test("a persona that stays unavailable costs its own answer only", async () => {
  const app = await run({
    artifacts: 1,
    personas: 3,
    fail: ({ activity, item }) =>
      activity === "form-opinion" && item === 1
        ? "model_unavailable"
        : undefined,
  });
  expect(app.ends).toMatchObject([
    { status: "Completed", answered: ["persona-0", "persona-2"] },
  ]);
});

test.each(["load-plan", "keep-outcome"])(
  "%s fails for good: the job fails at its step",
  async (failing) => {
    const app = await run({
      fail: ({ activity }) => (activity === failing ? "not_found" : undefined),
    });
    expect(app.ends).toMatchObject([
      {
        status: "Failed",
        failure: {
          code: "not_found",
          step: failing === "load-plan" ? "plan" : "store",
        },
      },
    ]);
  },
);

test("a job that was accepted under version 1.0.0 of the workflow goes on as it began", async () => {
  const app = await run({ version: "1.0.0", artifacts: 1, personas: 2 });
  expect(callsOf(app, "invoke-persona")).toHaveLength(2);
  expect(callsOf(app, "store-metadata")).toHaveLength(1);
  expect(app.asked).toEqual([]);
  expect(app.ends).toMatchObject([
    { status: "Completed", answered: ["persona-0", "persona-1"] },
  ]);
});

test("a result that cannot be put together fails the job at its end, instead of leaving it open", async () => {
  const app = await run({
    fail: ({ activity, attempt }) =>
      activity === "finish-job" && attempt === 1
        ? "content_tampered"
        : undefined,
  });
  expect(app.ends).toMatchObject([
    {
      status: "Failed",
      failure: { code: "content_tampered", step: "finish" },
    },
  ]);
});

test("cancelled before it began: its plan refuses, and the job ends as Cancelled", async () => {
  const app = await run({
    artifacts: 2,
    fail: ({ activity }) =>
      activity === "load-plan" ? "job_cancelled" : undefined,
  });
  expect(app.ends).toMatchObject([
    { status: "Cancelled", failure: { code: "job_cancelled", step: "cancel" } },
  ]);
  expect(app.calls).toHaveLength(2);
});

test("cancelled while it runs: it ends at once, and its branches end by themselves", async () => {
  let isCancelled = false;
  const app = open({
    artifacts: 2,
    fail({ activity }) {
      if (activity === "finish-job") return undefined;
      if (isCancelled) return "job_cancelled";
      return activity === "retrieve-artifact"
        ? "artifact_unreachable"
        : undefined;
    },
  });
  await app.start();
  await app.hub.settle();
  isCancelled = true;
  await app.hub.raise(jobId, "cancel", {});
  await app.hub.settle();
  expect(app.ends).toMatchObject([{ status: "Cancelled" }]);
  expect(await app.finish()).toEqual({ status: "Cancelled" });

  await app.hub.finish(`${jobId}:stages`);
  expect(app.hub.record(`${jobId}:stages`).status).toBe("Completed");
  expect(app.hub.clock.nextAt()).toBeUndefined();
  expect(app.ends).toHaveLength(1);
});

test("cancelled after its end: nothing happens", async () => {
  const app = await run({});
  await app.hub.raise(jobId, "cancel", {});
  await app.hub.settle();
  expect(app.ends).toMatchObject([{ status: "Completed" }]);
  expect(app.hub.record(jobId).status).toBe("Completed");
});

test("at its deadline the job ends as TimedOut, whatever its stages still wait for", async () => {
  const app = open({
    deadlineMs: 5_000,
    fail: ({ activity }) =>
      activity === "form-opinion" ? "model_throttled" : undefined,
  });
  await app.start();
  expect(await app.finish()).toEqual({ status: "TimedOut" });
  expect(app.ends).toMatchObject([
    {
      status: "TimedOut",
      failure: { code: "job_timed_out", step: "deadline" },
    },
  ]);
});

test("artifacts that ran out of time end the job as TimedOut, not as unreadable", async () => {
  const app = await run({
    artifacts: 1,
    hasQuery: false,
    fail: ({ activity }) =>
      activity === "retrieve-artifact" ? "job_timed_out" : undefined,
  });
  expect(app.ends).toMatchObject([{ status: "TimedOut" }]);
});

test("histories hold ids, codes and counts, no value above 8 KiB, and no word of what a library threw", async () => {
  const quoted = "the quarterly figures of the secret project";
  const app = await run({
    artifacts: 200,
    personas: 10,
    fail({ activity, item, attempt }) {
      if (activity === "retrieve-artifact" && item === 3)
        return "artifact_not_found";
      return activity === "form-opinion" && attempt === 1 && item === 2
        ? new Error(`Cannot parse: ${quoted}`)
        : undefined;
    },
  });
  expect(app.ends).toMatchObject([{ status: "Completed" }]);

  let failures = 0;
  for (const instanceId of app.instanceIds) {
    const events = app.hub.engine.client.exportHistory(instanceId) ?? [];
    expect(events.length).toBeGreaterThan(3);
    expect(app.hub.record(instanceId).customStatus ?? null).toBeNull();
    for (const event of events) {
      const text = JSON.stringify(event);
      expect(text.length).toBeLessThan(8 * 1024);
      expect(text).not.toContain("quarterly");
      if (event.EventType === EventType.TaskFailed) failures += 1;
      for (const payload of payloadsOf(event))
        for (const leaf of leavesOf(payload))
          expect(leaf).toSatisfy(isMetadata);
    }
  }
  expect(failures).toBe(1);
});

/** What the app put into an event: its input or its result, which are JSON texts. */
function payloadsOf(event: object): unknown[] {
  return Object.entries(event).flatMap(([name, value]) =>
    (name === "Input" || name === "Result") && typeof value === "string"
      ? [JSON.parse(value) as unknown]
      : [],
  );
}

function leavesOf(value: unknown): unknown[] {
  return typeof value === "object" && value !== null
    ? Object.values(value).flatMap(leavesOf)
    : [value];
}

/** Codes have a tag's shape, too. */
function isMetadata(leaf: unknown): boolean {
  return typeof leaf !== "string" || Tag.safeParse(leaf).success;
}
