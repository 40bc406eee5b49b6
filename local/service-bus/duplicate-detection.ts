import type { MessageStore } from "./message-store.ts";
import type { Timers } from "./timers.ts";

const FORGET_EVERY_MS = 60_000;

/**
 * Says of each message id, and remembers, whether it was seen within the window; without a window nothing is a
 * duplicate. What is remembered lies on disk.
 */
export function createDuplicateDetection(
  options: {
    readonly windowMs: number | undefined;
    readonly store: MessageStore;
    readonly timers: Timers;
    readonly now: () => number;
  },
  queueId: number,
): (messageId: string) => boolean {
  const { windowMs, store, timers, now } = options;
  if (windowMs === undefined) return () => false;
  let isSweepDue = false;
  const sweep = (): void => {
    isSweepDue = false;
    store.forgetMessageIds(now());
  };
  return (messageId) => {
    if (!isSweepDue) {
      isSweepDue = true;
      timers.set(now() + windowMs + FORGET_EVERY_MS, sweep);
    }
    return !store.rememberMessageId(
      queueId,
      messageId,
      now(),
      now() + windowMs,
    );
  };
}
