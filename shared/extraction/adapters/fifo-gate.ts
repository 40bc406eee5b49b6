/** Lets at most so many in at once; who waits gets in by order of arrival. */
export interface FifoGate {
  /** Resolves with the function to leave with. Throws the signal's reason when it aborts first. */
  enter(signal?: AbortSignal): Promise<() => void>;
}

export function createFifoGate(places: number): FifoGate {
  let free = places;
  const waiting: (() => void)[] = [];
  const leave = (): void => {
    const next = waiting.shift();
    if (next === undefined) free += 1;
    else next();
  };
  return {
    async enter(signal) {
      signal?.throwIfAborted();
      if (free > 0) {
        free -= 1;
        return leave;
      }
      await new Promise<void>((resolve, reject) => {
        const onTurn = (): void => {
          signal?.removeEventListener("abort", onAbort);
          resolve();
        };
        const onAbort = (): void => {
          waiting.splice(waiting.indexOf(onTurn), 1);
          reject(signal?.reason as Error);
        };
        waiting.push(onTurn);
        signal?.addEventListener("abort", onAbort, { once: true });
      });
      return leave;
    },
  };
}
