import { setTimeout as sleep } from "node:timers/promises";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { childInstanceIds } from "../../shared/workflow/instance-ids.ts";
import {
  type ArtifactServer,
  httpsReferences,
  type ServeArtifact,
  startArtifactServer,
} from "../support/artifact-server.ts";
import {
  type CallbackReceiver,
  startCallbackReceiver,
} from "../support/callback-receiver.ts";
import {
  fileReferences,
  interactionBody,
  postInteraction,
  untilEnded,
} from "../support/jobs.ts";
import { eventsOf } from "../support/log-events.ts";
import { type RunningApp, startApp } from "../support/running-app.ts";

const late: ServeArtifact = (response) => {
  held.push(() =>
    response.writeHead(200, { "content-type": "text/plain" }).end("Late."),
  );
};
/** Lets the answers go that are held back. */
const held: (() => void)[] = [];
const jobTimeoutSeconds = 2;

let server: ArtifactServer;
let receiver: CallbackReceiver;
beforeAll(async () => {
  server = await startArtifactServer({
    "/held": late,
    "/held-early": late,
    "/never": () => undefined,
  });
  receiver = await startCallbackReceiver();
});
afterAll(async () => {
  await server.close();
  await receiver.close();
});

const start = (settings: Readonly<Record<string, string>> = {}) =>
  startApp({
    settings: {
      EGRESS_ALLOW: `${server.address},${receiver.address}`,
      WEBHOOK_SCHEDULE: "0",
      ...settings,
    },
  });

const callbackFor = async (jobId: string) => {
  const { body, headers } = await receiver.next((callback) =>
    callback.body.includes(jobId),
  );
  return { event: JSON.parse(body) as unknown, headers };
};

/** Asks the engine until none of the job's orchestrations runs any more. */
async function untilStill(
  app: RunningApp,
  job: { jobId: string; artifactCount: number; personaCount: number },
): Promise<void> {
  for (const id of [job.jobId, ...childInstanceIds(job)])
    for (;;) {
      const response = await fetch(
        `${app.url}/runtime/webhooks/durabletask/instances/${encodeURIComponent(id)}?code=${app.host.systemKey}`,
      );
      if (response.status === 404) break;
      const { runtimeStatus } = (await response.json()) as {
        runtimeStatus: string;
      };
      if (!["Pending", "Running"].includes(runtimeStatus)) break;
      await sleep(20);
    }
}

describe("cancelling", () => {
  let app: RunningApp;
  beforeAll(async () => {
    app = await start();
  });
  afterAll(() => app.stop());

  const cancel = (jobId: string) =>
    app.call("POST", `/api/v1/jobs/${jobId}/cancel`);

  test("while it retrieves: the job ends as cancelled at once, is called back, and no further step begins", async () => {
    const { jobId } = await postInteraction(
      app,
      interactionBody({
        artifactReferences: httpsReferences(server, "/held"),
        callbackUrl: `${receiver.origin}/cancelled`,
      }),
    );
    await server.asked("/held");
    const early = await app.call("GET", `/api/v1/jobs/${jobId}/result`);
    expect(early).toMatchObject({
      status: 409,
      body: { code: "job_not_finished", retryable: true },
    });
    expect(early.headers.get("retry-after")).toBe("1");
    expect(await cancel(jobId)).toMatchObject({ status: 202, body: { jobId } });

    expect(await untilEnded(app, jobId)).toMatchObject({
      status: "Cancelled",
      error: { code: "job_cancelled", step: "cancel", retryable: false },
      progress: { currentStep: null },
    });
    const { event, headers } = await callbackFor(jobId);
    expect(event).toMatchObject({
      type: "nucleus.job.cancelled",
      data: { jobId, status: "Cancelled" },
    });
    expect(headers["nucleus-result-ticket"]).toBeUndefined();
    expect(await app.call("GET", `/api/v1/jobs/${jobId}/result`)).toMatchObject(
      { status: 409, body: { code: "job_has_no_result" } },
    );

    for (const release of held.splice(0)) release();
    await untilStill(app, { jobId, artifactCount: 1, personaCount: 1 });
    const events = eventsOf(app, jobId);
    expect(events).toContain("artifact.provider-invoked");
    expect(events).not.toContain("extraction.started");
    expect(events).not.toContain("persona.invoked");
    expect(await cancel(jobId)).toMatchObject({
      status: 409,
      body: { code: "job_already_finished" },
    });
  });

  test("as soon as it is accepted: the job never completes", async () => {
    const { jobId } = await postInteraction(
      app,
      interactionBody({
        artifactReferences: httpsReferences(server, "/held-early"),
        callbackUrl: `${receiver.origin}/cancelled-early`,
      }),
    );
    const answers = await Promise.all([cancel(jobId), cancel(jobId)]);
    expect(answers.map(({ status }) => status)).toContain(202);
    expect(await untilEnded(app, jobId)).toMatchObject({ status: "Cancelled" });
    expect((await callbackFor(jobId)).event).toMatchObject({
      data: { status: "Cancelled" },
    });
    for (const release of held.splice(0)) release();
    await untilStill(app, { jobId, artifactCount: 1, personaCount: 1 });
    expect(await app.call("GET", `/api/v1/jobs/${jobId}`)).toMatchObject({
      body: { status: "Cancelled" },
    });
    expect(eventsOf(app, jobId)).not.toContain("extraction.started");
  });

  test("after its end: refused, and the result stays", async () => {
    const { jobId } = await postInteraction(
      app,
      interactionBody({
        artifactReferences: fileReferences("05-steering-committee-minutes.md"),
      }),
    );
    await untilEnded(app, jobId);
    expect(await cancel(jobId)).toMatchObject({
      status: 409,
      body: { code: "job_already_finished" },
    });
    expect(await app.call("GET", `/api/v1/jobs/${jobId}/result`)).toMatchObject(
      { status: 200 },
    );
  });
});

describe("the deadline", () => {
  let app: RunningApp;
  beforeAll(async () => {
    app = await start({ JOB_TIMEOUT_SECONDS: String(jobTimeoutSeconds) });
  });
  afterAll(() => app.stop());

  test("a job that has not finished by then ends as timed out, is called back, and leaves nothing running", async () => {
    const { jobId } = await postInteraction(
      app,
      interactionBody({
        artifactReferences: httpsReferences(server, "/never"),
        callbackUrl: `${receiver.origin}/timed-out`,
      }),
    );
    const ended = await untilEnded(app, jobId);
    expect(ended).toMatchObject({
      status: "TimedOut",
      error: { code: "job_timed_out", retryable: false },
    });
    const tookMs =
      Date.parse(ended.completedAt ?? "") - Date.parse(ended.createdAt);
    expect(tookMs).toBeGreaterThanOrEqual(jobTimeoutSeconds * 1000 - 10);
    expect((await callbackFor(jobId)).event).toMatchObject({
      type: "nucleus.job.timed_out",
      data: { jobId, status: "TimedOut" },
    });
    await untilStill(app, { jobId, artifactCount: 1, personaCount: 1 });
    expect(server.count("/never")).toBe(1);
    expect(eventsOf(app, jobId)).not.toContain("persona.invoked");
  });

  test("a job that is done in time ends as completed", async () => {
    const { jobId } = await postInteraction(app, interactionBody());
    expect(await untilEnded(app, jobId)).toMatchObject({ status: "Completed" });
  });
});
