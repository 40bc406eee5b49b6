import { createFifo } from "./fifo.ts";

/** Runs items first come first served, a bounded number at a time. */
export interface BoundedQueue<T> {
  /** Adds an item; it starts with the next `pump`, or when a running one ends. */
  push(item: T): void;
  /** Starts what there is room for. */
  pump(): void;
  /** Pumps from a `setImmediate`, once for all that arrives in this turn of the event loop. */
  pumpSoon(): void;
  running(): number;
  queued(): number;
  /** Starts nothing any more. */
  stop(): void;
}

/** Creates an empty queue; `onEnd` is called whenever an item has ended. */
export function createBoundedQueue<T>(options: {
  readonly maxConcurrent: number;
  readonly run: (item: T) => Promise<void>;
  readonly onEnd: () => void;
}): BoundedQueue<T> {
  const { maxConcurrent, run, onEnd } = options;
  const queue = createFifo<T>();
  let running = 0;
  let stopped = false;
  let pumpIsDue = false;

  const hasRoom = (): boolean => !stopped && running < maxConcurrent;

  const start = async (item: T): Promise<void> => {
    running += 1;
    try {
      await run(item);
    } finally {
      running -= 1;
      pump();
      onEnd();
    }
  };

  const pump = (): void => {
    while (hasRoom()) {
      const item = queue.shift();
      if (item === undefined) return;
      void start(item);
    }
  };

  return {
    push: (item) => queue.push(item),
    pump,
    pumpSoon() {
      if (pumpIsDue) return;
      pumpIsDue = true;
      setImmediate(() => {
        pumpIsDue = false;
        pump();
      });
    },
    running: () => running,
    queued: () => queue.length,
    stop() {
      stopped = true;
    },
  };
}
