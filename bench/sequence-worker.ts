import type { WorkerPort } from "../local/worker-port.ts";

const steps = 4;
const result = JSON.stringify("r".repeat(300));
const call = { actionType: 0, functionName: "step", input: "i".repeat(300) };

/** An app of one orchestrator, `sequence`, that calls `step` four times in turn; both answer at once. */
export const sequenceWorker: WorkerPort = {
  async invokeOrchestrator(_, payload) {
    const { history } = JSON.parse(payload) as {
      readonly history: readonly { readonly EventType: number }[];
    };
    const taskCompleted = 5;
    const done = history.filter(
      ({ EventType }) => EventType === taskCompleted,
    ).length;
    const isDone = done === steps;
    const actions = Array.from(
      { length: isDone ? steps : done + 1 },
      () => call,
    );
    return {
      kind: "state",
      state: JSON.stringify({
        isDone,
        actions: [actions],
        schemaVersion: 3,
        ...(isDone && { output: result }),
      }),
    };
  },
  invokeActivity: async () => ({ kind: "completed", result }),
  invokeEntity: async () => ({ kind: "failed", message: "There is none." }),
};
