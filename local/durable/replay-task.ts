/** A task of the replayed orchestration: settles once, then runs what waits for it, synchronously and in order. */
export interface ReplayTask {
  readonly settled: "no" | "completed" | "failed";
  /** Runs `next` when the task settles, or now when it has. */
  whenSettled(next: () => void): void;
  settle(as: "completed" | "failed"): void;
}

/** Creates a task that nobody has settled. */
export function createReplayTask(): ReplayTask {
  let settled: ReplayTask["settled"] = "no";
  let waiting: (() => void)[] = [];
  return {
    get settled() {
      return settled;
    },
    whenSettled(next) {
      if (settled === "no") waiting.push(next);
      else next();
    },
    settle(as) {
      if (settled !== "no") return;
      settled = as;
      const due = waiting;
      waiting = [];
      for (const next of due) next();
    },
  };
}

/** Settles when all of `tasks` have, failed ones too. */
export function whenAll(tasks: readonly ReplayTask[]): ReplayTask {
  const all = createReplayTask();
  let open = tasks.length;
  if (open === 0) all.settle("completed");
  for (const task of tasks) {
    task.whenSettled(() => {
      open -= 1;
      if (open === 0) all.settle("completed");
    });
  }
  return all;
}

/** Settles when the first of `tasks` does. */
export function whenAny(tasks: readonly ReplayTask[]): ReplayTask {
  const any = createReplayTask();
  for (const task of tasks) task.whenSettled(() => any.settle("completed"));
  return any;
}
