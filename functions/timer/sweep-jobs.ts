import type { InvocationContext, Timer } from "@azure/functions";
import type { JobRunner } from "../../shared/durable/job-runner.ts";
import { noTelemetry } from "../../shared/telemetry/no-telemetry.ts";
import type { Telemetry } from "../../shared/telemetry/telemetry.ts";

/** Heals what a crash left behind, and ends what was kept for its time. */
export function createSweepJobs({
  sweep,
  runnerOf,
  telemetry = noTelemetry,
}: {
  readonly sweep: (runner: JobRunner) => Promise<void>;
  readonly runnerOf: (call: {
    readonly context: InvocationContext;
  }) => JobRunner;
  readonly telemetry?: Telemetry;
}) {
  const attributes = { "faas.name": "sweep", "faas.trigger": "timer" } as const;
  return (_timer: Timer, context: InvocationContext): Promise<void> =>
    telemetry.span("timer.run", { attributes }, () =>
      sweep(runnerOf({ context })),
    );
}
