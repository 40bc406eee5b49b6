import type { MessageQueue } from "./message-queue.ts";

export interface QueueCounts {
  /** Messages that wait or are locked by a receiver. */
  readonly active: number;
  readonly scheduled: number;
  readonly deferred: number;
  readonly deadLettered: number;
  /** Dead letters because they could not be forwarded. */
  readonly transferDeadLettered: number;
}

/** How many messages a queue holds, by where they stand. */
export function countMessages({
  main,
  deadLetters,
  transferDeadLetters,
}: MessageQueue): QueueCounts {
  const { counts } = main.lane;
  return {
    active: counts.active + counts.locked,
    scheduled: counts.scheduled,
    deferred: counts.deferred + counts.deferredLocked,
    deadLettered: deadLetters.lane.size,
    transferDeadLettered: transferDeadLetters.lane.size,
  };
}
