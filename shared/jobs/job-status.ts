/** The states of a job (DESIGN §6), in the order in which a job passes them; a job may skip states, never go back. */
export const runningStatuses = [
  "Queued",
  "Processing",
  "RetrievingContent",
  "Extracting",
  "Analyzing",
  "AwaitingReview",
  "StoringMetadata",
] as const;
export const terminalStatuses = [
  "Completed",
  "Failed",
  "Cancelled",
  "TimedOut",
] as const;
export const jobStatuses = [...runningStatuses, ...terminalStatuses] as const;

export type RunningStatus = (typeof runningStatuses)[number];
export type TerminalStatus = (typeof terminalStatuses)[number];
export type JobStatus = (typeof jobStatuses)[number];

export function isTerminal(status: JobStatus): status is TerminalStatus {
  return (terminalStatuses as readonly JobStatus[]).includes(status);
}

/**
 * The status after `next` was asked for: forward moves happen, others change nothing, and a terminal state is final.
 * Branches of one job run in parallel, so a late "RetrievingContent" after "Extracting" is normal.
 */
export function advance(current: JobStatus, next: JobStatus): JobStatus {
  if (isTerminal(current)) return current;
  return jobStatuses.indexOf(next) > jobStatuses.indexOf(current)
    ? next
    : current;
}
