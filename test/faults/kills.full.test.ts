import { onTestFinished, test } from "vitest";
import { createTempFolder } from "../support/temp-folder.ts";
import { createJobLoad } from "./job-load.ts";
import { runKillRounds } from "./kill-rounds.ts";
import { expectEachEndedOnce } from "./settled.ts";

/**
 * The long form: requests are killed too. One that was not answered keeps its Idempotency-Key for the 60 s of its
 * lease, and a job that was accepted and not started is the sweeper's, which looks after 60 s and every 30 s.
 */
test.each([1, 2])(
  "host and worker are killed 24 times while 100 jobs come in and run: each ends exactly once (seed %i)",
  async (seed) => {
    const load = await createJobLoad(createTempFolder());
    onTestFinished(() => load.close());
    const { app, jobs } = await runKillRounds(load, {
      seed,
      kills: 24,
      jobs: 100,
      whilePosting: true,
      withinMs: 1500,
    });
    await expectEachEndedOnce(load, app, jobs);
  },
  300_000,
);
