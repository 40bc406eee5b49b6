import { expect, test } from "vitest";
import {
  advance,
  isTerminal,
  jobStatuses,
  runningStatuses,
  terminalStatuses,
} from "../../../shared/jobs/job-status.ts";

test("a job only moves forward, and not at all once it has ended", () => {
  for (const [at, current] of jobStatuses.entries())
    for (const [to, next] of jobStatuses.entries())
      expect(advance(current, next), `${current} to ${next}`).toBe(
        !isTerminal(current) && to > at ? next : current,
      );
});

test("its states are those of the API, in the order in which a job passes them", () => {
  expect(runningStatuses).toEqual([
    "Queued",
    "Processing",
    "RetrievingContent",
    "Extracting",
    "Analyzing",
    "AwaitingReview",
    "StoringMetadata",
  ]);
  expect(terminalStatuses).toEqual([
    "Completed",
    "Failed",
    "Cancelled",
    "TimedOut",
  ]);
});
