import { setTimeout as sleep } from "node:timers/promises";
import { onTestFinished, test } from "vitest";
import { createTempFolder } from "../support/temp-folder.ts";
import { createJobLoad, type JobLoad } from "./job-load.ts";
import { createRandom } from "./random.ts";
import { expectEachEndedOnce } from "./settled.ts";

async function openLoad(): Promise<JobLoad> {
  const load = await createJobLoad(createTempFolder());
  onTestFinished(() => load.close());
  return load;
}

test("killed again and again while it starts, with jobs under way: each ends exactly once", async () => {
  const load = await openLoad();
  const random = createRandom(7);
  const first = await load.app.start();
  await load.prepare();
  const jobs = await load.submitAll(6);
  await first.kill();
  for (let kill = 0; kill < 4; kill += 1) {
    const starting = load.app.spawn();
    await sleep(random() * 1200);
    await starting.kill();
  }
  await expectEachEndedOnce(load, await load.app.start(), jobs);
}, 60_000);

test("the worker is killed twice in quick succession: the host goes on, and each job ends exactly once", async () => {
  const load = await openLoad();
  const app = await load.app.start();
  await load.prepare();
  const jobs = await load.submitAll(6);
  const killed = load.app.runtime().workerPids;
  app.killWorker();
  // Their successors are killed as soon as one is there, before it has loaded the app.
  const areGone = (pids: readonly number[]): boolean =>
    pids.length > 0 && !pids.some((pid) => killed.includes(pid));
  while (!areGone(load.app.runtime().workerPids)) await sleep(5);
  app.killWorker();
  await expectEachEndedOnce(load, app, jobs);
}, 60_000);
