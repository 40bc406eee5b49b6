import { afterAll, beforeAll, expect, test } from "vitest";
import { createLeakScanner } from "../../local/leaks/scanner.ts";
import { trustedCertificate } from "../azure/certificate.ts";
import { type Ingestion, startIngestion } from "../azure/ingestion.ts";
import { spanNamed, spansOf } from "../shared/telemetry/open-telemetry.ts";
import {
  type CallbackReceiver,
  startCallbackReceiver,
} from "../support/callback-receiver.ts";
import {
  fileReferences,
  interactionBody,
  postInteraction,
} from "../support/jobs.ts";
import { type RunningApp, startApp } from "../support/running-app.ts";

let ingestion: Ingestion;
let receiver: CallbackReceiver;
let app: RunningApp;
beforeAll(async () => {
  const { file } = await trustedCertificate();
  ingestion = await startIngestion();
  receiver = await startCallbackReceiver();
  app = await startApp({
    settings: {
      APPLICATIONINSIGHTS_CONNECTION_STRING: ingestion.connectionString,
      NODE_EXTRA_CA_CERTS: file,
      EGRESS_ALLOW: receiver.address,
      WEBHOOK_SCHEDULE: "0",
    },
  });
});
afterAll(async () => {
  await receiver.close();
  await ingestion.close();
});

test("the running app's telemetry is one trace per job, complete when it stops, and holds nothing of what was asked", async () => {
  const queryText = "When does the steering committee meet again, Ω-7731?";
  const traceId = "0af7651916cd43dd8448eb211c80319c";
  const { jobId } = await postInteraction(
    app,
    interactionBody({
      queryText,
      artifactReferences: fileReferences("05-steering-committee-minutes.md"),
      callbackUrl: `${receiver.origin}/telemetry`,
      correlationId: "order-1",
    }),
    { traceparent: `00-${traceId}-b7ad6b7169203331-01` },
    { userId: "u1" },
  );
  const callback = await receiver.next(({ path }) => path === "/telemetry");
  await app.stop();

  const span = (name: string) => spanNamed(ingestion, name);
  const request = span("POST /api/v1/interactions");
  const parents = {
    "activity retrieve": request.id,
    "open artifact file": span("activity retrieve").id,
    "activity extract": request.id,
    "activity persona": request.id,
    "activity store": request.id,
    "activity finish": request.id,
    "send webhook-deliveries": span("activity finish").id,
    "process webhook-deliveries": span("send webhook-deliveries").id,
    "webhook POST": span("process webhook-deliveries").id,
  };
  for (const [name, parentId] of Object.entries(parents))
    expect(span(name), name).toMatchObject({
      traceId,
      parentId,
      isSuccess: true,
      properties: {
        "nucleus.job.id": jobId,
        "nucleus.correlation.id": "order-1",
      },
    });
  expect(callback.headers["traceparent"]).toBe(
    `00-${traceId}-${span("webhook POST").id}-01`,
  );
  expect(
    spansOf(ingestion).filter(({ data }) => data.baseData.success === false),
  ).toEqual([]);

  const scanner = createLeakScanner({
    markers: [
      { name: "query", text: queryText },
      { name: "file name", text: "05-steering-committee-minutes" },
      { name: "callback", text: receiver.origin },
    ],
    sources: [],
  });
  for (const body of ingestion.bodies)
    expect(await scanner.scan(body)).toEqual([]);
});
