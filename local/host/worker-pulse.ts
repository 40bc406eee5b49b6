/**
 * Knows whether a worker's event loop turns, from what the worker sends and, when that is nothing, from pings.
 *
 * P1. A ping is sent only to a worker that has work (or was asked already) and was silent for an interval: a busy worker
 *     costs one timer, an idle one nothing.
 * P2. Only what comes after the worker's loop has turned is a sign of life. Log lines are none: a loop that never yields
 *     can write them.
 * P3. The host's own delay is not held against the worker: what has arrived meanwhile is read before it is judged.
 */
export interface WorkerPulse {
  /** The worker was given work; it is watched until it has none left. */
  watch(): void;
  /** The worker answered an invocation. */
  heard(): void;
  /** The worker answered a ping; pings are answered in their order. */
  answered(): void;
  /** False while the worker does not react although it was asked to. */
  isBeating(): boolean;
  /** There is reason for doubt: calls `onDead` unless the worker answers in time, or has been silent for that long. */
  demand(): void;
  /** The worker is gone. */
  end(): void;
}

export interface WorkerPulseOptions {
  readonly ping: () => void;
  /** Whether the worker has work. */
  readonly isBusy: () => boolean;
  /** How long a worker that has work may be silent before it is pinged, and a ping unanswered before it counts. */
  readonly intervalMs: number;
  /** How long a worker may leave a demanded answer open. */
  readonly deadAfterMs: number;
  readonly onRecovery: () => void;
  readonly onDead: () => void;
}

export function createWorkerPulse(options: WorkerPulseOptions): WorkerPulse {
  let sent = 0;
  let answered = 0;
  /** When the oldest ping that is still unanswered was sent. */
  let askedAt = 0;
  let wasHeard = false;
  let isStalled = false;
  /** Gone, or about to be. */
  let hasEnded = false;
  let interval: NodeJS.Timeout | undefined;
  let deadline: NodeJS.Timeout | undefined;

  const ping = (): number => {
    if (sent === answered) askedAt = performance.now();
    sent += 1;
    options.ping();
    return sent;
  };

  const judge = (): void => {
    if (hasEnded) return;
    interval = undefined;
    if (!wasHeard && sent > answered) isStalled = true;
    else if (!wasHeard && options.isBusy()) ping();
    if (options.isBusy() || sent > answered) watch();
  };

  const watch = (): void => {
    if (interval !== undefined) return;
    wasHeard = false;
    interval = setTimeout(() => setImmediate(judge), options.intervalMs);
  };

  const die = (): void => {
    hasEnded = true;
    options.onDead();
  };

  const heard = (): void => {
    wasHeard = true;
    if (!isStalled || hasEnded) return;
    isStalled = false;
    options.onRecovery();
  };

  return {
    watch,
    heard,
    answered() {
      answered += 1;
      if (sent > answered) askedAt = performance.now();
      heard();
    },
    isBeating: () => !isStalled,
    demand() {
      if (hasEnded || deadline !== undefined) return;
      if (isStalled && performance.now() - askedAt >= options.deadAfterMs) {
        die();
        return;
      }
      const demanded = ping();
      isStalled = true;
      watch();
      const judgeDemand = (): void => {
        deadline = undefined;
        if (!hasEnded && answered < demanded) die();
      };
      deadline = setTimeout(
        () => setImmediate(judgeDemand),
        options.deadAfterMs,
      );
    },
    end() {
      hasEnded = true;
      clearTimeout(interval);
      clearTimeout(deadline);
    },
  };
}
