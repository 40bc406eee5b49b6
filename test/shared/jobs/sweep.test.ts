import { expect, test } from "vitest";
import {
  acceptJob,
  anInteraction,
  type Core,
  createCore,
  jobTimeoutMs,
  openPorts,
  type Ports,
  resultTtlMs,
  wrapPorts,
} from "../../support/core.ts";
import {
  atEveryCall,
  createCrash,
  runUntilCrash,
} from "../../support/crash.ts";
import { allOf, listedJobs, sealedOwners } from "../../support/stored.ts";
import { NucleusError } from "../../../shared/kernel/errors.ts";
import type { JobKey } from "../../../shared/jobs/job-records.ts";

const minuteMs = 60_000;

function openScene() {
  const ports = openPorts();
  const core = createCore(ports);
  const sweepAfter = async (ms: number) => {
    ports.clock.advance(ms);
    await core.sweep(ports.runner);
  };
  return { ports, core, sweepAfter };
}

/** Lets the process die at the n-th call of one port while it accepts an interaction. */
async function dieAt(ports: Ports, port: "vault" | "runner", at = 1) {
  const crash = createCrash(at, "before");
  const doomed = { ...ports, [port]: crash.wrap(ports[port]) };
  await runUntilCrash(crash, acceptJob(createCore(doomed), doomed));
}

/** A job with a callback that its orchestrator works on. */
async function openRunningJob(core: Core, ports: Ports): Promise<JobKey> {
  const key = await acceptJob(core, ports, {
    request: anInteraction({ callbackUrl: "https://adapter.example/callback" }),
  });
  await core.activities.loadPlan(key);
  return key;
}

const statusOf = async (core: Core, key: JobKey) =>
  (await core.records.read(key))?.document.status;

test("a job that was accepted and never started is started, once", async () => {
  const { ports, sweepAfter } = openScene();
  await dieAt(ports, "runner");
  expect(ports.runner.starts).toEqual([]);
  await sweepAfter(minuteMs - 1);
  expect(ports.runner.starts).toEqual([]);
  await sweepAfter(1);
  await sweepAfter(minuteMs);
  const [job] = await allOf(ports, "job");
  expect(ports.runner.starts).toEqual([job?.jobId]);
});

test("an entry without a job waits ten minutes for its request to go on; then it is shredded and forgotten", async () => {
  const { ports, sweepAfter } = openScene();
  await dieAt(ports, "vault");
  const [jobId] = await listedJobs(ports);
  const owner = jobId as JobKey["jobId"];
  for (let minute = 1; minute < 10; minute += 1) {
    await sweepAfter(minuteMs);
    expect(await listedJobs(ports)).toEqual([jobId]);
    expect(await ports.keys.read({ owner, purpose: "request" })).toMatchObject({
      state: "live",
    });
  }
  await sweepAfter(minuteMs);
  expect(await listedJobs(ports)).toEqual([]);
  for (const purpose of ["request", "work", "result"] as const)
    expect(await ports.keys.read({ owner, purpose })).toEqual({
      state: "shredded",
    });
});

test("a job that runs is left alone; two minutes after its deadline it is timed out and its instance terminated", async () => {
  const { ports, core, sweepAfter } = openScene();
  const key = await openRunningJob(core, ports);
  await sweepAfter(minuteMs);
  await sweepAfter(jobTimeoutMs);
  expect(await statusOf(core, key)).toBe("Processing");
  await sweepAfter(minuteMs);
  expect((await core.records.read(key))?.document).toMatchObject({
    status: "TimedOut",
    error: { code: "job_timed_out", step: "deadline" },
  });
  expect(ports.runner.terminated).toEqual([key.jobId]);
  expect([...ports.messages.sent]).toEqual([`msg_${key.jobId}.1`]);
});

test("a job whose instance ended without it fails, and says that it may be tried again", async () => {
  const { ports, core, sweepAfter } = openScene();
  const key = await openRunningJob(core, ports);
  ports.runner.instances.set(key.jobId, "ended");
  await sweepAfter(minuteMs);
  expect((await core.records.read(key))?.document).toMatchObject({
    status: "Failed",
    error: { code: "internal", retryable: true },
  });
  expect(ports.runner.terminated).toEqual([]);
  expect([...ports.messages.sent]).toEqual([`msg_${key.jobId}.1`]);
});

test.each(["before", "after"] as const)(
  "a process that dies %s any call of a job's end: repeated or swept, it ends once and is announced once",
  async (mode) => {
    const calls = await atEveryCall(async (at) => {
      const { ports, core, sweepAfter } = openScene();
      const key = await openRunningJob(core, ports);
      const crash = createCrash(at, mode);
      const doomed = createCore(wrapPorts(ports, crash));
      const end = { ...key, status: "Completed" as const, answered: [] };
      await runUntilCrash(crash, doomed.activities.finish(end));
      if (!crash.hasHappened()) return false;
      // The engine repeats the activity, or nobody does and the sweeper has to.
      if (at % 2 === 0) await core.activities.finish(end);
      ports.runner.instances.set(key.jobId, "ended");
      await sweepAfter(minuteMs);

      const where = `${mode} call ${at}`;
      const job = (await core.records.read(key))?.document;
      expect(["Completed", "Failed"], where).toContain(job?.status);
      expect([...ports.messages.sent], where).toEqual([`msg_${key.jobId}.1`]);
      expect(await allOf(ports, "outbox"), where).toEqual([]);
      expect(await allOf(ports, "delivery"), where).toHaveLength(1);
      expect(await listedJobs(ports), where).toEqual([key.jobId]);
      const workKey = { owner: key.jobId, purpose: "work" } as const;
      expect(await ports.keys.read(workKey), where).toEqual({
        state: "shredded",
      });
      return true;
    });
    expect(calls).toBeGreaterThan(10);
  },
);

test("the queue does not answer when a job ends: its end is announced within a minute of the queue's return", async () => {
  const { ports, core, sweepAfter } = openScene();
  const key = await openRunningJob(core, ports);
  // The sweeper has seen it run, and would look again at its deadline only.
  await sweepAfter(minuteMs);
  const messages = {
    ...ports.messages,
    send: () => Promise.reject(new NucleusError("service_unavailable")),
  };
  const end = { ...key, status: "Failed" as const, answered: [] };
  await expect(
    createCore({ ...ports, messages }).activities.finish(end),
  ).rejects.toMatchObject({ code: "service_unavailable" });
  ports.runner.instances.set(key.jobId, "ended");
  expect([...ports.messages.sent]).toEqual([]);
  await sweepAfter(minuteMs);
  expect([...ports.messages.sent]).toEqual([`msg_${key.jobId}.1`]);
  expect(await allOf(ports, "outbox")).toEqual([]);
});

test("when its time is over, a job's result, request and histories go; its record says when it ended", async () => {
  const { ports, core, sweepAfter } = openScene();
  const key = await acceptJob(core, ports);
  await core.activities.finish({ ...key, status: "Completed", answered: [] });
  await sweepAfter(resultTtlMs - 1);
  expect(await sealedOwners(ports)).toEqual([
    `${key.jobId}:request`,
    `${key.jobId}:result`,
  ]);
  await sweepAfter(1);
  expect(await sealedOwners(ports)).toEqual([]);
  expect(ports.runner.purged).toEqual([key.jobId]);
  expect(await listedJobs(ports)).toEqual([]);
  for (const purpose of ["request", "result"] as const)
    expect(await ports.keys.read({ owner: key.jobId, purpose })).toEqual({
      state: "shredded",
    });
  expect(await statusOf(core, key)).toBe("Completed");
});

test("a result that a callback announces is kept for at least 96 hours", async () => {
  const { ports, core } = openScene();
  const key = await openRunningJob(core, ports);
  await core.activities.finish({ ...key, status: "Completed", answered: [] });
  const job = (await core.records.read(key))?.document;
  expect(Date.parse(job?.retainUntil ?? "")).toBe(
    ports.clock.now() + 96 * 3_600_000,
  );
});

test("a job that cannot be healed does not stop the others, and is looked at again a minute later", async () => {
  const { ports, core } = openScene();
  await dieAt(ports, "runner");
  await dieAt(ports, "runner");
  const [broken] = await listedJobs(ports);
  let isDown = true;
  const runner = {
    ...ports.runner,
    start: (job: Parameters<typeof ports.runner.start>[0]) =>
      isDown && job.jobId === broken
        ? Promise.reject(new Error("no"))
        : ports.runner.start(job),
  };
  ports.clock.advance(minuteMs);
  await core.sweep(runner);
  expect(ports.runner.starts).toHaveLength(1);
  expect(ports.runner.starts).not.toContain(broken);
  expect(ports.logLines.at(-1)).toContain('"examined":2,"healed":1,"failed":1');

  isDown = false;
  await core.sweep(runner);
  expect(ports.runner.starts).toHaveLength(1);
  ports.clock.advance(minuteMs);
  await core.sweep(runner);
  expect(ports.runner.starts).toHaveLength(2);
});

test("a sweep with nothing to do is silent", async () => {
  const { ports, core } = openScene();
  await acceptJob(core, ports);
  ports.logLines.length = 0;
  await core.sweep(ports.runner);
  expect(ports.logLines).toEqual([]);
});
