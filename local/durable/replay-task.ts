/** A task of the replayed orchestration: settles once, then runs what waits for it, synchronously and in order. */
export interface ReplayTask {
  readonly settled: "no" | "completed" | "failed";
  /** Runs `next` when the task settles, or now when it has. */
  whenSettled(next: () => void): void;
  settle(as: "completed" | "failed"): void;
}

/** Creates a task that nobody has settled. */
export function createReplayTask(): ReplayTask {
  let waiting: (() => void)[] = [];
  // No accessor: V8 makes a dictionary of a literal that has one, and what its closures hold then outlives the minor
  // collections. That was a seventh of all that the engine allocates.
  const task = {
    settled: "no" as ReplayTask["settled"],
    whenSettled(next: () => void) {
      if (task.settled === "no") waiting.push(next);
      else next();
    },
    settle(as: "completed" | "failed") {
      if (task.settled !== "no") return;
      task.settled = as;
      const due = waiting;
      waiting = [];
      for (const next of due) next();
    },
  };
  return task;
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
