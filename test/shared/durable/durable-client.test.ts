import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { createDurableJobRunner } from "../../../shared/durable/adapters/durable-client.ts";
import type { JobRunner } from "../../../shared/durable/job-runner.ts";
import { Tag } from "../../../shared/kernel/metadata.ts";
import {
  cancelEvent,
  runWorkflow,
} from "../../../shared/workflow/contracts.ts";
import { stagesInstanceId } from "../../../shared/workflow/instance-ids.ts";
import { createDurableClient } from "../../local/durable/support/durable-client.ts";
import { createSdkApp, df } from "../../local/durable/support/sdk-worker.ts";
import {
  serveManagement,
  type ServedManagement,
} from "../../local/durable/support/serve-management.ts";
import {
  openTestHub,
  type TestHub,
} from "../../local/durable/support/test-hub.ts";

const app = createSdkApp(() => {
  df.app.orchestration(runWorkflow.name, function* (context) {
    return yield context.df.waitForExternalEvent(cancelEvent);
  });
});

const jobId = Tag.parse("job_1");
const job = { jobId, artifactCount: 1, personaCount: 0 };

let hub: TestHub;
let served: ServedManagement;
let runner: JobRunner;

beforeEach(async () => {
  hub = openTestHub(app);
  served = await serveManagement(hub);
  runner = createDurableJobRunner(createDurableClient(served.origin, "rpc"));
});

afterEach(() => served.close());

describe("a job whose instance is gone", () => {
  it("is absent, and can be cancelled, terminated and purged without an effect", async () => {
    expect(await runner.find(jobId)).toBe("absent");
    await runner.cancel(jobId);
    await runner.terminate(jobId);
    await runner.purge(job);
  });

  it("is not taken for gone when the engine fails", async () => {
    served.close();
    for (const ask of [runner.find, runner.cancel, runner.terminate])
      await expect(ask(jobId)).rejects.toMatchObject({
        code: "service_unavailable",
      });
  });
});

describe("a job whose instance runs", () => {
  beforeEach(async () => {
    await hub.start(runWorkflow.name, undefined, jobId);
    await hub.settle();
  });

  it("is cancelled by its event", async () => {
    expect(await runner.find(jobId)).toBe("running");
    await runner.cancel(jobId);
    await hub.settle();
    expect(hub.record(jobId).status).toBe("Completed");
    expect(await runner.find(jobId)).toBe("ended");
  });

  it("is terminated", async () => {
    await runner.terminate(jobId);
    await hub.settle();
    expect(hub.record(jobId).status).toBe("Terminated");
  });
});

describe("a job to be purged", () => {
  it.each(["job_1", "job_404"])(
    "is purged with its branches: %s",
    async (id) => {
      const ended = { ...job, jobId: Tag.parse(id) };
      const instances = [id, stagesInstanceId(id)];
      for (const instanceId of instances) {
        await hub.start(runWorkflow.name, undefined, instanceId);
        await hub.raise(instanceId, cancelEvent);
      }
      await hub.settle();
      await runner.purge(ended);
      for (const instanceId of instances)
        expect(hub.engine.client.getStatus(instanceId)).toBeUndefined();
    },
  );

  it.each(["job_1", "job_404"])(
    "of which a branch still runs has it ended, and is purged with the next attempt: %s",
    async (id) => {
      const lost = { ...job, jobId: Tag.parse(id) };
      const branch = stagesInstanceId(id);
      await hub.start(runWorkflow.name, undefined, branch);
      await hub.settle();

      await expect(runner.purge(lost)).rejects.toMatchObject({
        code: "service_unavailable",
      });
      await hub.settle();
      expect(hub.record(branch).status).toBe("Terminated");

      await runner.purge(lost);
      expect(hub.engine.client.getStatus(branch)).toBeUndefined();
    },
  );
});
