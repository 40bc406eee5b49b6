import { describe, expect, test } from "vitest";
import type { Tag } from "../../../shared/kernel/metadata.ts";
import {
  submit,
  type Core,
  createCore,
  openPorts,
  type Ports,
  wrapPorts,
} from "../../support/core.ts";
import {
  type CrashMode,
  crashModes,
  atEveryCall,
  createCrash,
  runUntilCrash,
} from "../../support/crash.ts";
import { allOf, listedJobs, sealedOwners } from "../../support/stored.ts";

const minuteMs = 60_000;

interface Scene {
  readonly ports: Ports;
  readonly core: Core;
  /** Everybody for whom a key was ever made. */
  readonly keyOwners: Set<Tag>;
}

function openScene(): Scene {
  const keyOwners = new Set<Tag>();
  const real = openPorts();
  const ports: Ports = {
    ...real,
    keys: {
      ...real.keys,
      create(owner, key) {
        keyOwners.add(owner.owner);
        return real.keys.create(owner, key);
      },
    },
  };
  return { ports, core: createCore(ports), keyOwners };
}

/**
 * Accepts an interaction in a process that dies at its n-th call of a port, for every n, lets `heal` do what comes
 * after, and looks at what there is then.
 *
 * @returns how many jobs there were in the end, for each n
 */
async function crashEverywhere(
  mode: CrashMode,
  key: string | undefined,
  heal: (scene: Scene, resume: () => Promise<void>) => Promise<void>,
): Promise<number[]> {
  const jobs: number[] = [];
  const calls = await atEveryCall(async (at) => {
    const scene = openScene();
    const crash = createCrash(at, mode);
    const doomed = wrapPorts(scene.ports, crash);
    const accepting = submit(createCore(doomed), doomed, {
      ...(key !== undefined && { key }),
    });
    await runUntilCrash(crash, accepting);
    if (!crash.hasHappened()) return false;
    await heal(scene, async () => {
      crash.resume();
      if (mode === "stalls") await accepting.catch(() => undefined);
    });
    await sweepLong(scene);
    await expectNothingLoose(scene, `${mode} at call ${at}`);
    jobs.push((await allOf(scene.ports, "job")).length);
    return true;
  });
  expect(calls).toBeGreaterThan(10);
  return jobs;
}

/** Long enough for an entry without a job to be given up, wherever in its life the crash was. */
async function sweepLong({ ports, core }: Scene) {
  for (const minutes of [1, 11]) {
    ports.clock.advance(minutes * minuteMs);
    await core.sweep(ports.runner);
  }
}

/** At most one job, started once, on the sweeper's list; and nothing of any other. */
async function expectNothingLoose(
  { ports, keyOwners }: Scene,
  where: string,
): Promise<void> {
  const jobs = await allOf(ports, "job");
  expect(jobs.length, where).toBeLessThanOrEqual(1);
  const jobIds = jobs.map(({ jobId }) => jobId);
  expect(ports.runner.starts, where).toEqual(jobIds);
  expect(await listedJobs(ports), where).toEqual(jobIds);
  expect(await sealedOwners(ports), where).toEqual(
    jobIds.map((jobId) => `${jobId}:request`),
  );
  for (const owner of keyOwners) {
    const kept = jobIds.includes(owner) ? "live" : "shredded";
    for (const purpose of ["request", "work", "result"] as const)
      expect(
        (await ports.keys.read({ owner, purpose }))?.state ?? "shredded",
        `${where}: ${purpose} key of ${owner}`,
      ).toBe(kept);
  }
}

// To die before a call is to die after the one before it.
const modes = crashModes.filter((mode) => mode !== "before");

describe.each(modes)("a request that %s at any call of any port", (mode) => {
  test("is healed by the next one with its key", async () => {
    const jobs = await crashEverywhere(
      mode,
      "k",
      async ({ ports, core }, resume) => {
        ports.clock.advance(minuteMs);
        const { jobId } = await submit(core, ports, { key: "k" });
        const again = await submit(core, ports, { key: "k" });
        expect(again).toMatchObject({ jobId, isReplay: true });
        await resume();
      },
    );
    expect(new Set(jobs)).toEqual(new Set([1]));
  });

  test("is healed by the next one with its key, when the sweeper came first", async () => {
    const jobs = await crashEverywhere(mode, "k", async (scene, resume) => {
      await sweepLong(scene);
      const { ports, core } = scene;
      const { jobId } = await submit(core, ports, { key: "k" });
      await resume();
      const again = await submit(core, ports, { key: "k" });
      expect(again).toMatchObject({ jobId, isReplay: true });
    });
    expect(new Set(jobs)).toEqual(new Set([1]));
  });

  test("is healed by the sweeper, where it has no key", async () => {
    const jobs = await crashEverywhere(
      mode,
      undefined,
      async (scene, resume) => {
        await sweepLong(scene);
        await resume();
      },
    );
    // One that goes on takes another id; for one that died, it depends on how far it came.
    expect(new Set(jobs)).toEqual(new Set(mode === "stalls" ? [1] : [0, 1]));
  });
});

test("a request whose keys were shredded meanwhile gets a new job", async () => {
  const scene = openScene();
  const { ports, core } = scene;
  const crash = createCrash(1, "before");
  const doomed = { ...ports, vault: crash.wrap(ports.vault) };
  await runUntilCrash(crash, submit(createCore(doomed), ports, { key: "k" }));
  const [given] = await listedJobs(ports);
  await sweepLong(scene);
  expect(await listedJobs(ports)).toEqual([]);

  const { jobId } = await submit(core, ports, { key: "k" });
  expect(jobId).not.toBe(given);
  expect(ports.runner.starts).toEqual([jobId]);
});
