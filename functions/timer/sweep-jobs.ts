import type { InvocationContext, Timer } from "@azure/functions";
import type { JobRunner } from "../../shared/durable/job-runner.ts";

/** Heals what a crash left behind, and ends what was kept for its time. */
export function createSweepJobs({
  sweep,
  runnerOf,
}: {
  readonly sweep: (runner: JobRunner) => Promise<void>;
  readonly runnerOf: (call: {
    readonly context: InvocationContext;
  }) => JobRunner;
}) {
  return (_timer: Timer, context: InvocationContext): Promise<void> =>
    sweep(runnerOf({ context }));
}
