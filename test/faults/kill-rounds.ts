import { setTimeout as sleep } from "node:timers/promises";
import type { AppProcess } from "../support/app-process.ts";
import type { JobLoad, LoadedJob } from "./job-load.ts";
import { createRandom } from "./random.ts";

export interface KillPlan {
  /** Determines the instants and what is killed. */
  readonly seed: number;
  readonly kills: number;
  readonly jobs: number;
  /**
   * Whether requests may be under way when a process dies. One that is not answered holds its Idempotency-Key for the
   * minute of its lease, which is then waited for.
   */
  readonly whilePosting: boolean;
  /** The latest instant after a round's requests were sent. */
  readonly withinMs: number;
}

/** Gives the app its share of the jobs in each round and kills its host or its worker at a random instant. */
export async function runKillRounds(
  load: JobLoad,
  plan: KillPlan,
): Promise<{
  readonly app: AppProcess;
  readonly jobs: readonly LoadedJob[];
}> {
  const random = createRandom(plan.seed);
  const submissions: Promise<LoadedJob>[] = [];
  let app = await load.app.start();
  await load.prepare();
  for (let kill = 1; kill <= plan.kills; kill += 1) {
    const target = Math.ceil((plan.jobs * kill) / plan.kills);
    while (submissions.length < target)
      submissions.push(load.submit(submissions.length + 1));
    if (!plan.whilePosting) await Promise.all(submissions);
    await sleep(random() * plan.withinMs);
    if (random() < 1 / 3) app.killWorker();
    else {
      await app.kill();
      app = await load.app.start();
    }
  }
  return { app, jobs: await Promise.all(submissions) };
}
