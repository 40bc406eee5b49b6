/** What the choice looks at. */
export interface WorkerLoad {
  /** How many invocations the worker has not answered yet. */
  readonly openCount: () => number;
}

/** Chooses the worker of each new invocation. */
export interface WorkerChoice<W extends WorkerLoad> {
  /**
   * The candidate with the fewest open invocations, in turn where several have as few. For a key the one that had the
   * key's last invocation, unless that one is clearly busier; for a new key the one that was chosen last, unless that one
   * is busier by more than one. Undefined without candidates.
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
  let latest: W | undefined;

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

  const remember = (affinity: string, worker: W): void => {
    last.delete(affinity);
    last.set(affinity, worker);
    const [oldest] = last.size > keyLimit ? last.keys() : [];
    if (oldest !== undefined) last.delete(oldest);
  };

  /** Whom the key would rather have, if that one is not so much busier. */
  const preferred = (affinity: string, least: W): W | undefined => {
    const had = last.get(affinity);
    const wanted = had ?? latest;
    const open = least.openCount();
    // What a key's worker has kept is worth waiting for a few others, and among many for half as many more. Who has
    // nothing kept is quicker at a worker that is awake, even beside an invocation, which mostly waits for something.
    const slack = had === undefined ? 1 : 2 + open / 2;
    return wanted !== undefined && wanted.openCount() <= open + slack
      ? wanted
      : undefined;
  };

  return {
    choose(candidates, affinity) {
      const least = leastBusy(candidates);
      if (least === undefined) return undefined;
      const wanted = affinity && preferred(affinity, least);
      latest = wanted && candidates.includes(wanted) ? wanted : least;
      if (affinity !== undefined) remember(affinity, latest);
      return latest;
    },
    forget(worker) {
      if (latest === worker) latest = undefined;
      for (const [key, had] of last) if (had === worker) last.delete(key);
    },
  };
}

function isLess(one: WorkerLoad, other: WorkerLoad): boolean {
  return one.openCount() < other.openCount();
}
