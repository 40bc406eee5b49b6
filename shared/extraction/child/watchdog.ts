import { outgrownSignal } from "../protocol.ts";

export interface WatchdogData {
  /** 1 while a job runs. */
  readonly busy: Int32Array;
  readonly maxRssBytes: number;
  readonly parentPid: number;
}

const tickMs = 5;
/** What may still be allocated between two looks is kept free. */
const headroom = 0.88;

/** Ends this process when it outgrows its memory or its parent is gone, even while the main thread computes. */
export function watch({ busy, maxRssBytes, parentPid }: WatchdogData): never {
  const limit = maxRssBytes * headroom;
  for (;;) {
    Atomics.wait(busy, 0, 0);
    if (process.memoryUsage.rss() > limit) {
      process.kill(process.pid, outgrownSignal);
    }
    if (process.ppid !== parentPid) process.kill(process.pid, "SIGKILL");
    Atomics.wait(busy, 0, 1, tickMs);
  }
}
