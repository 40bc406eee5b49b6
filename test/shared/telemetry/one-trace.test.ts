import { HttpRequest, InvocationContext } from "@azure/functions";
import { expect, test } from "vitest";
import { toHttpHandler } from "../../../functions/http/route.ts";
import { createRoutes } from "../../../functions/http/routes.ts";
import { createDeliverWebhook } from "../../../functions/service-bus/deliver-webhook.ts";
import { traced } from "../../../functions/traced.ts";
import { Tag, type TraceParent } from "../../../shared/kernel/metadata.ts";
import type { MessageSender } from "../../../shared/messages/message-sender.ts";
import { createEventSink } from "../../../shared/telemetry/create-event-sink.ts";
import type { Telemetry } from "../../../shared/telemetry/telemetry.ts";
import { aPrincipal, createCore, openPorts, tag } from "../../support/core.ts";
import { openTelemetry, spanNamed, spansOf } from "./open-telemetry.ts";

const traceId = "0af7651916cd43dd8448eb211c80319c";
const caller = `00-${traceId}-b7ad6b7169203331-01`;
/** The host's own span for the request, with a flag that it does not set. */
const host = `00-${traceId}-00f067aa0ba902b7-00`;

/** The app with traced ports, whose queue also keeps what its messages carry. */
function openApp(telemetry: Telemetry) {
  const fakes = openPorts();
  const carried: (TraceParent | undefined)[] = [];
  const queue: MessageSender = {
    ...fakes.messages,
    send(channel, message) {
      carried.push(message.traceparent);
      return fakes.messages.send(channel, message);
    },
  };
  const { messages, deliverer, model, providers } = traced(
    telemetry,
    "openai-compatible",
    {
      ...fakes,
      messages: queue,
      providers: new Map([["test", fakes.provider]]),
    },
  );
  const ports = {
    ...fakes,
    telemetry,
    messages: { ...fakes.messages, ...messages },
    deliverer: { ...fakes.deliverer, ...deliverer },
    model: { ...fakes.model, ...model },
    provider: { ...fakes.provider, ...providers.get("test") },
  };
  const core = createCore(ports, createEventSink(telemetry));
  return { ports, core, carried };
}
type App = ReturnType<typeof openApp>;

/** `POST /interactions` with one artifact and a callback, as the Functions host calls it. */
async function post({ ports, core }: App, telemetry: Telemetry) {
  const route = createRoutes({
    ...ports,
    ...core,
    now: ports.clock.now,
    serviceUrl: "https://nucleus.example",
    isAllowedUrl: () => true,
    runnerOf: () => ports.runner,
    check: () => ({
      outcome: "accepted",
      personas: [core.personas.get("analyst")],
    }),
  } as unknown as Parameters<typeof createRoutes>[0]).find(
    ({ name }) => name === "post-interaction",
  )!;
  const handle = toHttpHandler(route, {
    verifier: { verify: () => Promise.resolve(aPrincipal()) },
    log: core.log,
    telemetry,
  });
  const response = await handle(
    new HttpRequest({
      method: "POST",
      url: "https://nucleus.example/api/v1/interactions",
      headers: { "content-type": "application/json", traceparent: caller },
      body: {
        string: JSON.stringify({
          platformType: "Test",
          conversationId: "c1",
          userId: "u1",
          correlationId: "order-1",
          queryText: "What does it say?",
          callbackUrl: "https://subscriber.example/hook",
          artifactReferences: [
            {
              referenceId: "document-0",
              referenceType: "test",
              sourceUri: "source-0",
            },
          ],
        }),
      },
    }),
    new InvocationContext({
      functionName: "post-interaction",
      traceContext: { traceParent: host },
    }),
  );
  expect(response.status).toBe(202);
  const { jobId } = response.jsonBody as { readonly jobId: string };
  return { tenantId: tag("t1"), jobId: Tag.parse(jobId) };
}

test("one trace leads from the caller through request, activities and Service Bus to the subscriber", async () => {
  const { telemetry, ingestion } = await openTelemetry({ slowCallMs: 1e9 });
  const app = openApp(telemetry);
  const { core, ports, carried } = app;
  await core.signing.rotate(aPrincipal());

  const key = await post(app, telemetry);
  await core.activities.retrieve({ ...key, index: 0 });
  await core.activities.extract({ ...key, index: 0 });
  await core.activities.persona({
    ...key,
    personaId: "analyst",
    item: 0,
    readable: [0],
  });
  await core.activities.finish({
    ...key,
    status: "Completed",
    answered: ["analyst"],
  });
  const [traceparent] = carried;
  await createDeliverWebhook({ deliveries: core.deliveries, telemetry })(
    ports.messages.take()?.body,
    new InvocationContext({
      functionName: "deliver-webhook",
      traceContext: {
        traceParent: `00-${"c".repeat(32)}-${"d".repeat(16)}-00`,
      },
      triggerMetadata: { applicationProperties: { traceparent } },
    }),
  );
  await telemetry.flush();

  const span = (name: string) => spanNamed(ingestion, name);
  const request = span("POST /api/v1/interactions");
  expect(request.parentId).toBe("00f067aa0ba902b7");
  const job = await core.records.read(key);
  expect(job?.document.traceparent).toBe(`00-${traceId}-${request.id}-01`);
  const parents = {
    "activity retrieve": request.id,
    "open artifact test": span("activity retrieve").id,
    "activity extract": request.id,
    "activity persona": request.id,
    "chat fake": span("activity persona").id,
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
      properties: { "nucleus.job.id": key.jobId },
    });
  expect(spansOf(ingestion)).toHaveLength(Object.keys(parents).length + 1);
  for (const { data } of spansOf(ingestion))
    expect(data.baseData.properties).toMatchObject({
      "nucleus.correlation.id": "order-1",
    });
  expect(span("chat fake").properties).toMatchObject({
    "gen_ai.provider.name": "openai",
    "gen_ai.usage.input_tokens": "7",
    "gen_ai.usage.output_tokens": "5",
  });
  expect(ports.deliverer.posted.at(-1)?.headers["traceparent"]).toBe(
    `00-${traceId}-${span("webhook POST").id}-01`,
  );
});

test("a failed step and a failed delivery are failures of their spans, by code", async () => {
  const { telemetry, ingestion } = await openTelemetry({ slowCallMs: 1e9 });
  const app = openApp(telemetry);
  const { core, ports } = app;
  await core.signing.rotate(aPrincipal());
  const key = await post(app, telemetry);
  ports.provider.documents.set("source-0", () =>
    Promise.reject(new Error("https://source.example is down")),
  );
  await expect(core.activities.retrieve({ ...key, index: 0 })).rejects.toThrow(
    "internal",
  );
  await core.activities.finish({ ...key, status: "Failed", answered: [] });
  ports.deliverer.script.push({
    outcome: "failed",
    code: "delivery_failed",
    httpStatus: 500,
    durationMs: 3,
  });
  await createDeliverWebhook({ deliveries: core.deliveries, telemetry })(
    ports.messages.take()?.body,
  );
  await telemetry.flush();
  for (const [name, code] of [
    ["open artifact test", "internal"],
    ["activity retrieve", "internal"],
    ["webhook POST", "delivery_failed"],
  ] as const)
    expect(spanNamed(ingestion, name), name).toMatchObject({
      isSuccess: false,
      properties: { "nucleus.error.code": code },
    });
  expect(Buffer.concat(ingestion.bodies).toString()).not.toContain("example");
});
