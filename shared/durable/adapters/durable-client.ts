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
    async terminate(jobId) {
      await unlessAbsent(() => client.terminate(jobId, "reconciled"));
    },
    async purge(job) {
      for (const instanceId of [job.jobId, ...childInstanceIds(job)])
        await unlessAbsent(() => client.purgeInstanceHistory(instanceId));
    },
  };
}

/** The client reports a missing instance as an error whose text names HTTP 404; anything else is an outage. */
async function unlessAbsent<T>(
  operation: () => Promise<T>,
): Promise<T | undefined> {
  try {
    return await operation();
  } catch (thrown) {
    if (thrown instanceof Error && thrown.message.includes("404"))
      return undefined;
    throw new NucleusError("service_unavailable");
  }
}
