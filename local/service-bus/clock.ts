/** The time and the one timer that the endpoint lives by; tests pass a virtual one. */
export interface Clock {
  /** Milliseconds since the epoch. */
  now(): number;
  /** Calls `fire` once, when the clock has reached `atMs` or later. The returned function cancels it. */
  setTimer(atMs: number, fire: () => void): () => void;
}

/** The longest delay that Node takes; a longer one would fire at once. */
const MAX_DELAY_MS = 2_147_483_647;

/** The machine's clock. Its timers do not keep the process alive: the listening socket does. */
export const systemClock: Clock = {
  now: () => Date.now(),
  setTimer(atMs, fire) {
    let timer: NodeJS.Timeout;
    const arm = (): void => {
      const delayMs = Math.min(Math.max(atMs - Date.now(), 0), MAX_DELAY_MS);
      timer = setTimeout(() => {
        if (Date.now() >= atMs) fire();
        else arm();
      }, delayMs);
      timer.unref();
    };
    arm();
    return () => clearTimeout(timer);
  },
};
