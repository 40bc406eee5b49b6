/** What the choice looks at. */
export interface WorkerLoad {
  /** How many invocations the worker has not answered yet. */
  readonly openCount: () => number;
}

/** Chooses the worker of each new invocation. */
export interface WorkerChoice<W extends WorkerLoad> {
  /**
   * The candidate with the fewest open invocations, in turn where several have as few; for a key the one that had the
   * key's last invocation, unless that one is clearly busier. Undefined without candidates.
   */
  choose(candidates: readonly W[], affinity?: string): W | undefined;
  /** The worker is gone: its keys go anywhere. */
  forget(worker: W): void;
}

/** As many keys are remembered; the one that was used longest ago is forgotten first. */
const defaultKeyLimit = 10_000;

/** `keyLimit` bounds how many keys are remembered. */
export function createWorkerChoice<W extends WorkerLoad>(
  keyLimit = defaultKeyLimit,
): WorkerChoice<W> {
  /** The worker of each key; a Map holds its keys in the order in which they were set. */
  const last = new Map<string, W>();
  let turn = 0;

  const leastBusy = (candidates: readonly W[]): W | undefined => {
    turn = (turn + 1) % Math.max(candidates.length, 1);
    let least = candidates[turn];
    for (let step = 1; step < candidates.length; step += 1) {
      const next = candidates[(turn + step) % candidates.length];
      if (next !== undefined && least !== undefined && isLess(next, least))
        least = next;
    }
    return least;
  };

  return {
    choose(candidates, affinity) {
      const least = leastBusy(candidates);
      if (least === undefined || affinity === undefined) return least;
      const had = last.get(affinity);
      const chosen =
        had !== undefined && candidates.includes(had) && !isBusier(had, least)
          ? had
          : least;
      last.delete(affinity);
      last.set(affinity, chosen);
      const [oldest] = last.size > keyLimit ? last.keys() : [];
      if (oldest !== undefined) last.delete(oldest);
      return chosen;
    },
    forget(worker) {
      for (const [key, had] of last) if (had === worker) last.delete(key);
    },
  };
}

function isLess(one: WorkerLoad, other: WorkerLoad): boolean {
  return one.openCount() < other.openCount();
}

/** What a key's worker has kept is worth waiting for a few others, and among many for half as many more. */
function isBusier(one: WorkerLoad, least: WorkerLoad): boolean {
  return one.openCount() > 2 + 1.5 * least.openCount();
}
