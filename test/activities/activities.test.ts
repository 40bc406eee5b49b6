import { describe, expect, test } from "vitest";
import { NucleusError } from "../../shared/kernel/errors.ts";
import { Content } from "../../shared/kernel/content.ts";
import type { JobKey } from "../../shared/jobs/job-records.ts";
import { JobResult } from "../../shared/results/result.ts";
import {
  acceptJob,
  anInteraction,
  aPrincipal,
  type Core,
  createCore,
  jobTimeoutMs,
  openPorts,
  type Ports,
  tag,
} from "../support/core.ts";
import { allOf, sealedOwners } from "../support/stored.ts";

type Outcome = { readonly ok: boolean; readonly value?: unknown };

/** A job with two artifacts and two personas, a callback, and a webhook; its activities by short names. */
async function openJob() {
  const ports = openPorts();
  const core = createCore(ports);
  await core.subscriptions.create(aPrincipal(), {
    url: Content.fromText("https://subscriber.example/hook"),
    eventTypes: ["nucleus.job.completed", "nucleus.job.cancelled"],
  });
  const { jobId, tenantId } = await acceptJob(core, ports, {
    request: anInteraction({
      artifacts: 2,
      callbackUrl: "https://adapter.example/callback",
    }),
    personaIds: ["analyst", "critic"],
  });
  const key: JobKey = { tenantId, jobId };
  return { ports, core, key, run: createSteps(core, key) };
}

function createSteps({ activities }: Core, key: JobKey) {
  const readable = [0, 1];
  const opinionOf = (personaId: string) => ({
    personaId,
    model: "fake",
    quotes: 2,
    keyPoints: 1,
    notFound: false,
    inputTokens: 7,
    outputTokens: 5,
  });
  const persona = (personaId: string, item: number) => () =>
    activities.persona({ ...key, personaId, item, readable });
  return {
    plan: () => activities.loadPlan(key),
    retrieve0: () => activities.retrieve({ ...key, index: 0 }),
    retrieve1: () => activities.retrieve({ ...key, index: 1 }),
    extract0: () => activities.extract({ ...key, index: 0 }),
    extract1: () => activities.extract({ ...key, index: 1 }),
    analyst: persona("analyst", 0),
    critic: persona("critic", 1),
    store: () =>
      activities.store({
        ...key,
        readable,
        personas: [opinionOf("analyst"), opinionOf("critic")],
      }),
    finish: () =>
      activities.finish({
        ...key,
        status: "Completed",
        answered: ["analyst", "critic"],
      }),
  } satisfies Record<string, () => Promise<Outcome>>;
}

type Step = keyof ReturnType<typeof createSteps>;
const steps = [
  "plan",
  "retrieve0",
  "retrieve1",
  "extract0",
  "extract1",
  "analyst",
  "critic",
  "store",
  "finish",
] as const satisfies readonly Step[];

/** Everything that a job leaves behind. */
async function endState(ports: Ports, core: Core, key: JobKey) {
  const job = (await core.records.read(key))?.document;
  const of = (kind: "step" | "event" | "artifact" | "knowledge" | "outbox") =>
    allOf(ports, kind, "t1", key.jobId);
  return {
    job,
    steps: await of("step"),
    events: await of("event"),
    artifacts: await of("artifact"),
    knowledge: await of("knowledge"),
    outbox: await of("outbox"),
    deliveries: await allOf(ports, "delivery"),
    messages: [...ports.messages.sent].toSorted(),
    sealed: await sealedOwners(ports),
    result: job?.resultRef
      ? JobResult.parse((await core.safe.open(job.resultRef)).revealJson())
      : undefined,
  };
}

/** Ids are new in each run; everything else must be equal. */
function withoutIds(state: unknown, ...jobs: readonly JobKey[]): unknown {
  let text = JSON.stringify(state);
  for (const { jobId } of jobs) text = text.replaceAll(jobId, "JOB");
  const uuid = /[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[0-9a-f]{4}-[0-9a-f]{12}/g;
  return JSON.parse(
    text.replaceAll(uuid, "ID").replaceAll(/h1\.[\w-]{43}/g, "HASH"),
  ) as unknown;
}

/** What a run leaves behind in which each activity runs once and in order. */
async function runOnce() {
  const { ports, core, key, run } = await openJob();
  for (const step of steps)
    expect(await run[step]()).toMatchObject({ ok: true });
  return withoutIds(await endState(ports, core, key), key);
}

test("a job's activities leave a result, one outgoing event per endpoint, and nothing under the work key", async () => {
  const { ports, core, key, run } = await openJob();
  for (const step of steps) await run[step]();
  const state = await endState(ports, core, key);

  expect(state.job).toMatchObject({ status: "Completed" });
  expect(state.result).toMatchObject({
    jobId: key.jobId,
    status: "Completed",
    personas: [
      {
        personaId: "analyst",
        quotes: [
          { artifactIndex: 0, referenceId: "document-0" },
          { artifactIndex: 1, text: "The text of source-1." },
        ],
      },
      { personaId: "critic" },
    ],
    artifacts: [
      { index: 0, outcome: "read", mediaType: "text/plain", words: 4 },
      { index: 1, outcome: "read" },
    ],
  });
  expect(state.steps).toHaveLength(7);
  expect(state.knowledge).toHaveLength(2);
  expect(state.artifacts).toMatchObject([
    { analyzedByPersonaIds: ["analyst", "critic"] },
    { analyzedByPersonaIds: ["analyst", "critic"] },
  ]);
  expect(state.outbox).toEqual([]);
  expect(state.deliveries).toHaveLength(2);
  expect(state.messages).toEqual([
    `msg_${key.jobId}.1`,
    expect.stringMatching(new RegExp(`^msg_${key.jobId}_[-0-9a-f]+\\.1$`)),
  ]);
  expect(state.sealed.filter((owner) => owner.startsWith(key.jobId))).toEqual([
    `${key.jobId}:request`,
    `${key.jobId}:result`,
  ]);
});

const disorders: Record<string, readonly (readonly Step[])[]> = {
  "each runs twice": steps.flatMap((step) => [[step], [step]]),
  "each runs twice at the same time": steps.map((step) => [step, step]),
  "a retrieval comes again after the extraction": [
    ...steps.slice(0, 5).map((step) => [step]),
    ["retrieve0"],
    ["retrieve1", "extract1"],
    ...steps.slice(5).map((step) => [step]),
  ],
  "everything before the end comes again before the end": [
    ...steps.slice(0, 8).map((step) => [step]),
    ...steps
      .slice(0, 8)
      .toReversed()
      .map((step) => [step]),
    ["finish"],
  ],
  "everything comes again after the end, and the end twice more": [
    ...steps.map((step) => [step]),
    ...steps.map((step) => [step]),
    ["finish", "finish"],
  ],
};

test.each(Object.entries(disorders))(
  "%s: the job ends as if each had run once",
  async (_name, order) => {
    const expected = await runOnce();
    const { ports, core, key, run } = await openJob();
    for (const group of order)
      await Promise.all(group.map((step) => run[step]()));
    expect(withoutIds(await endState(ports, core, key), key)).toEqual(expected);
  },
);

test("a failed extraction stays failed when the retrieval comes again", async () => {
  const { ports, core, key, run } = await openJob();
  await run.plan();
  await run.retrieve0();
  ports.extractor.failures.push(() => new NucleusError("extraction_corrupt"));
  expect(await run.extract0()).toEqual({
    ok: false,
    code: "extraction_corrupt",
  });
  await run.retrieve0();
  const [artifact] = await allOf(ports, "artifact", "t1", key.jobId);
  expect(artifact).toMatchObject({
    outcome: "failed",
    code: "extraction_corrupt",
  });
  expect((await core.records.read(key))?.document.status).toBe("Extracting");
});

describe("late activities", () => {
  const late = ["plan", "retrieve0", "extract0", "analyst", "store"] as const;
  const ends = {
    Completed: "job_already_finished",
    Failed: "job_already_finished",
    Cancelled: "job_cancelled",
    TimedOut: "job_timed_out",
  } as const;

  test.each(Object.entries(ends))(
    "after the end as %s each is refused with %s, and changes nothing",
    async (status, code) => {
      const { ports, core, key, run } = await openJob();
      await run.plan();
      await core.activities.finish({ ...key, status, answered: [] });
      const before = await endState(ports, core, key);
      for (const step of late)
        expect(await run[step]()).toEqual({ ok: false, code });
      expect(await endState(ports, core, key)).toEqual(before);
      const workKey = { owner: key.jobId, purpose: "work" } as const;
      expect(await ports.keys.read(workKey)).toEqual({ state: "shredded" });
    },
  );

  test("a retrieval that was under way when the job ended leaves no object and no record", async () => {
    const { ports, core, key, run } = await openJob();
    const opened = Promise.withResolvers<void>();
    const proceed = Promise.withResolvers<void>();
    ports.provider.documents.set("source-0", async () => {
      opened.resolve();
      await proceed.promise;
      return {
        bytes: (async function* () {
          yield Buffer.from("late");
        })(),
      };
    });
    const retrieving = run.retrieve0();
    await opened.promise;
    await core.activities.finish({ ...key, status: "Cancelled", answered: [] });
    const before = await endState(ports, core, key);
    proceed.resolve();
    expect(await retrieving).toEqual({ ok: false, code: "content_shredded" });
    expect(await endState(ports, core, key)).toEqual(before);
  });

  test("a job that was asked to end begins nothing more, and does not complete", async () => {
    const { core, key, run } = await openJob();
    await run.plan();
    await core.records.change(key, (job) => ({
      ...job,
      cancelRequestedAt: job.createdAt,
    }));
    expect(await run.retrieve0()).toEqual({ ok: false, code: "job_cancelled" });
    expect(await run.finish()).toEqual({
      ok: true,
      value: { status: "Cancelled" },
    });
  });

  test("a cancellation that comes while the result is put together still wins", async () => {
    const { ports, core, key, run } = await openJob();
    for (const step of steps.slice(0, 8)) await run[step]();
    const cancelling = createCore({
      ...ports,
      vault: {
        ...ports.vault,
        async write(object, sealed) {
          await ports.vault.write(object, sealed);
          await core.records.change(key, (job) => ({
            ...job,
            cancelRequestedAt: job.createdAt,
          }));
        },
      },
    });
    const finished = await createSteps(cancelling, key).finish();
    expect(finished).toEqual({ ok: true, value: { status: "Cancelled" } });
    const job = (await core.records.read(key))?.document;
    expect(job).toMatchObject({
      status: "Cancelled",
      error: { code: "job_cancelled" },
    });
    expect(job?.resultRef).toBeUndefined();
  });

  test("past its deadline a job begins nothing more", async () => {
    const { ports, run } = await openJob();
    ports.clock.advance(jobTimeoutMs);
    expect(await run.retrieve0()).toEqual({ ok: false, code: "job_timed_out" });
  });
});

describe("failures", () => {
  const quoted = "the merger is called off";
  const fail = (error: Error) => () => error;

  test.each(["retrieve0", "extract0", "analyst"] as const)(
    "%s: what a library says of content crosses neither into history nor into the log",
    async (step) => {
      const { ports, core, key, run } = await openJob();
      await run.plan();
      if (step !== "retrieve0")
        for (const before of steps.slice(1, 5)) await run[before]();
      const error = new Error(`Unexpected token in "${quoted}"`);
      ports.provider.documents.set("source-0", () => Promise.reject(error));
      ports.extractor.failures.push(fail(error));
      ports.model.failures.push(fail(error));

      const thrown = await run[step]().catch((failure: unknown) => failure);
      expect(thrown).toBeInstanceOf(NucleusError);
      const { message, stack, cause } = thrown as NucleusError;
      expect(message).toBe("internal: Something failed inside Nucleus.");
      expect(`${stack} ${String(cause)}`).not.toContain(quoted);
      expect(ports.logLines.join("\n")).not.toContain(quoted);
      const kept = JSON.stringify(await endState(ports, core, key));
      expect(kept).not.toContain(quoted);
      expect(ports.logLines.join("\n")).toContain('"event":"step.failed"');
    },
  );

  test("a permanent failure is a value, a transient one is thrown with its code", async () => {
    const { ports, run } = await openJob();
    ports.provider.documents.set("source-0", () =>
      Promise.reject(new NucleusError("artifact_forbidden")),
    );
    ports.provider.documents.set("source-1", () =>
      Promise.reject(new NucleusError("artifact_unreachable")),
    );
    expect(await run.retrieve0()).toEqual({
      ok: false,
      code: "artifact_forbidden",
    });
    await expect(run.retrieve1()).rejects.toMatchObject({
      code: "artifact_unreachable",
      message: "artifact_unreachable: The source system does not answer.",
    });
  });

  test("what asks to slow down is waited for, up to half a minute", async () => {
    const { ports, core, run } = await openJob();
    for (const retryAfterMs of [7_000, 3_600_000]) {
      ports.provider.documents.set("source-0", () =>
        Promise.reject(
          new NucleusError("artifact_throttled", { retryAfterMs }),
        ),
      );
      await expect(run.retrieve0()).rejects.toThrow("artifact_throttled");
    }
    expect(core.slept).toEqual([7_000, 30_000]);
  });

  test("a failure that a retry mends leaves no trace in progress or result", async () => {
    const { ports, key, run } = await openJob();
    ports.provider.documents.set("source-0", () =>
      Promise.reject(new NucleusError("artifact_unreachable")),
    );
    await expect(run.retrieve0()).rejects.toThrow("artifact_unreachable");
    const failed = await allOf(ports, "step", "t1", key.jobId);
    expect(failed).toMatchObject([
      { outcome: "failed", code: "artifact_unreachable" },
    ]);

    ports.provider.documents.delete("source-0");
    await run.retrieve0();
    const [step] = await allOf(ports, "step", "t1", key.jobId);
    expect(step).toMatchObject({ step: "retrieve", item: 0, outcome: "done" });
    expect(step).not.toHaveProperty("code");
    const [artifact] = await allOf(ports, "artifact", "t1", key.jobId);
    expect(artifact).toMatchObject({ outcome: "retrieved" });
    expect(artifact).not.toHaveProperty("code");
  });

  test("an empty artifact has a code of its own", async () => {
    const { ports, run } = await openJob();
    ports.provider.documents.set("source-0", async () => ({
      bytes: (async function* () {})(),
    }));
    expect(await run.retrieve0()).toEqual({
      ok: false,
      code: "artifact_empty",
    });
  });

  test("a job that is nobody's is not found, and not retried", async () => {
    const { core, key } = await openJob();
    const other = { tenantId: tag("t2"), jobId: key.jobId };
    expect(await core.activities.loadPlan(other)).toEqual({
      ok: false,
      code: "not_found",
    });
  });
});
