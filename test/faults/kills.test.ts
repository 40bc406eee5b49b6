import { onTestFinished, test } from "vitest";
import { createTempFolder } from "../support/temp-folder.ts";
import { createJobLoad } from "./job-load.ts";
import { runKillRounds } from "./kill-rounds.ts";
import { expectEachEndedOnce } from "./settled.ts";

const seed = 20_261_122;

test(`host and worker are killed while 30 jobs run: each ends exactly once (seed ${seed})`, async () => {
  const load = await createJobLoad(createTempFolder());
  onTestFinished(() => load.close());
  const { app, jobs } = await runKillRounds(load, {
    seed,
    kills: 3,
    jobs: 30,
    whilePosting: false,
    withinMs: 400,
  });
  await expectEachEndedOnce(load, app, jobs);
}, 60_000);
