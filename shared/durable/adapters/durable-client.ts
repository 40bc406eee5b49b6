import {
  type DurableClient,
  OrchestrationRuntimeStatus,
} from "durable-functions";
import { NucleusError } from "../../kernel/errors.ts";
import { cancelEvent, runWorkflow } from "../../workflow/contracts.ts";
import { childInstanceIds } from "../../workflow/instance-ids.ts";
import type { JobRunner } from "../job-runner.ts";

const open: readonly OrchestrationRuntimeStatus[] = [
  OrchestrationRuntimeStatus.Running,
  OrchestrationRuntimeStatus.Pending,
  OrchestrationRuntimeStatus.ContinuedAsNew,
  OrchestrationRuntimeStatus.Suspended,
];

/** Runs jobs through the Durable client that a function's input binding gives. */
export function createDurableJobRunner(client: DurableClient): JobRunner {
  const find: JobRunner["find"] = async (jobId) => {
    const status = await unlessAbsent(() => client.getStatus(jobId));
    if (!status) return "absent";
    return open.includes(status.runtimeStatus) ? "running" : "ended";
  };

  const terminate = async (instanceId: string): Promise<void> => {
    await unlessAbsent(() => client.terminate(instanceId, "reconciled"));
  };

  return {
    find,
    async start({ tenantId, jobId, deadlineAt }) {
      try {
        await client.startNew(runWorkflow.name, {
          instanceId: jobId,
          input: { tenantId, jobId, deadlineAt },
        });
      } catch {
        // The engine refuses a second instance with the same id: then the first one does the job.
        if ((await find(jobId)) === "absent")
          throw new NucleusError("service_unavailable");
      }
    },
    async cancel(jobId) {
      await unlessAbsent(() => client.raiseEvent(jobId, cancelEvent, {}));
    },
    terminate,
    async purge(job) {
      const open: string[] = [];
      for (const instanceId of [job.jobId, ...childInstanceIds(job)])
        if (!(await purgeEnded(client, instanceId))) open.push(instanceId);
      if (open.length === 0) return;
      // A branch outlives a parent that was terminated. The next attempt finds it ended.
      await Promise.all(open.map(terminate));
      throw new NucleusError("service_unavailable");
    },
  };
}

/** @returns false for an instance that has not ended, which the engine leaves alone */
async function purgeEnded(
  client: DurableClient,
  instanceId: string,
): Promise<boolean> {
  try {
    await client.purgeInstanceHistory(instanceId);
    return true;
  } catch (thrown) {
    if (saysThat(thrown, stillRuns)) return false;
    throw new NucleusError("service_unavailable");
  }
}

/** Undefined for an instance that is not there; anything else that the client throws is an outage. */
async function unlessAbsent<T>(
  operation: () => Promise<T>,
): Promise<T | undefined> {
  try {
    return await operation();
  } catch (thrown) {
    if (saysThat(thrown, isAbsent)) return undefined;
    throw new NucleusError("service_unavailable");
  }
}

// The client's errors have no code: these are how its texts begin.
const isAbsent =
  /^(?:No instance with ID |DurableClient error: Durable Functions extension replied with HTTP 404 )/;
const stillRuns = /^The operation failed with an unexpected status code: 412\./;

function saysThat(thrown: unknown, text: RegExp): boolean {
  return thrown instanceof Error && text.test(thrown.message);
}
