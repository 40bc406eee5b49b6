import { setImmediate as nextTurn } from "node:timers/promises";
import { context, propagation } from "@opentelemetry/api";
import { expect, onTestFinished, test } from "vitest";
import { createLeakScanner } from "../../../local/leaks/scanner.ts";
import { NucleusError } from "../../../shared/kernel/errors.ts";
import { createLogger } from "../../../shared/kernel/log.ts";
import { Tag, TraceParent } from "../../../shared/kernel/metadata.ts";
import { createEventSink } from "../../../shared/telemetry/create-event-sink.ts";
import { startIdentity } from "../../azure/identity.ts";
import {
  doStep,
  openTelemetry,
  pointsOf,
  spanNamed,
  spansOf,
} from "./open-telemetry.ts";

const tag = (text: string) => Tag.parse(text);
const job = { tenantId: tag("t1"), jobId: tag("j1") };
const traceId = "0af7651916cd43dd8448eb211c80319c";
const sampled = TraceParent.parse(`00-${traceId}-b7ad6b7169203331-01`);
const unsampled = TraceParent.parse(`00-${traceId}-b7ad6b7169203331-00`);
const message = {
  "messaging.system": "servicebus",
  "messaging.destination.name": tag("jobs"),
} as const;

test("spans of every kind arrive in their tables, each under its parent", async () => {
  const { telemetry, ingestion } = await openTelemetry();
  await telemetry.span(
    "message.process",
    {
      parent: { traceparent: sampled },
      about: { jobId: job.jobId, correlationId: tag("c1") },
      attributes: { ...message, "messaging.operation.type": "process" },
    },
    () =>
      doStep(telemetry, () =>
        telemetry.span(
          "message.send",
          {
            attributes: {
              ...message,
              "messaging.operation.type": "send",
              "messaging.message.id": tag("m1"),
            },
          },
          () => Promise.resolve(),
        ),
      ),
  );
  await telemetry.flush();
  const consumer = spanNamed(ingestion, "process jobs");
  const internal = spanNamed(ingestion, "activity test");
  const producer = spanNamed(ingestion, "send jobs");
  expect(consumer).toMatchObject({
    table: "RequestData",
    parentId: "b7ad6b7169203331",
  });
  expect(internal).toMatchObject({
    table: "RemoteDependencyData",
    type: "InProc",
    parentId: consumer.id,
  });
  expect(producer).toMatchObject({
    table: "RemoteDependencyData",
    type: "Queue Message",
    parentId: internal.id,
  });
  for (const span of [consumer, internal, producer])
    expect(span).toMatchObject({
      traceId,
      isSuccess: true,
      properties: {
        "nucleus.job.id": "j1",
        "nucleus.correlation.id": "c1",
      },
    });
});

test("an event of the log is an event under its span, with the correlation id, and counts in the metrics", async () => {
  const { telemetry, ingestion } = await openTelemetry();
  const log = createLogger(
    () => undefined,
    () => 0,
    createEventSink(telemetry),
  );
  await telemetry.span(
    "timer.run",
    { attributes: { "faas.name": "sweep", "faas.trigger": "timer" } },
    async () => {
      log.event("job.finished", {
        ...job,
        correlationId: tag("c1"),
        status: tag("Failed"),
        durationMs: 2500,
        code: "model_throttled",
      });
      log.event("job.healed", { ...job, action: tag("finish") });
      log.event("job.healed", {
        ...job,
        jobId: tag("j2"),
        action: tag("start"),
      });
    },
  );
  await telemetry.flush();
  const { id } = spanNamed(ingestion, "timer sweep");
  const events = ingestion.accepted
    .filter(({ data }) => data.baseType === "EventData")
    .map(({ tags, data: { baseData } }) => ({
      name: baseData.name,
      parentId: tags["ai.operation.parentId"],
      ...baseData.properties,
    }));
  const healed = { name: "job.healed", parentId: id, tenantId: "t1" };
  expect(events).toEqual([
    {
      name: "job.finished",
      parentId: id,
      tenantId: "t1",
      jobId: "j1",
      correlationId: "c1",
      status: "Failed",
      durationMs: "2500",
      code: "model_throttled",
    },
    { ...healed, jobId: "j1", correlationId: "c1", action: "finish" },
    { ...healed, jobId: "j2", action: "start" },
  ]);
  expect(pointsOf(ingestion, "nucleus.jobs.finished")).toEqual([
    {
      value: 1,
      count: 1,
      attributes: {
        "nucleus.status": "Failed",
        "error.type": "model_throttled",
      },
    },
  ]);
  expect(pointsOf(ingestion, "nucleus.job.duration")).toMatchObject([
    { value: 2.5, count: 1 },
  ]);
});

test("a burst of 5,000 spans arrives whole", async () => {
  const { telemetry, ingestion } = await openTelemetry();
  await Promise.all(Array.from({ length: 5000 }, () => doStep(telemetry)));
  await telemetry.flush();
  expect(spansOf(ingestion)).toHaveLength(5000);
  expect(pointsOf(ingestion, "nucleus.stage.duration")).toMatchObject([
    { count: 5000 },
  ]);
});

test("while the endpoint does not answer, work goes on, so much waits and no more", async () => {
  const { telemetry, ingestion } = await openTelemetry({
    maxQueuedSpans: 2000,
  });
  ingestion.refuse("silence");
  for (let count = 0; count < 20_000; count += 1) await doStep(telemetry);
  ingestion.refuse(undefined);
  await telemetry.flush();
  const { length } = spansOf(ingestion);
  expect(length).toBeGreaterThanOrEqual(2000);
  // One batch is on its way while the others wait.
  expect(length).toBeLessThanOrEqual(2000 + 512);
});

test("an endpoint that throttles or fails gets the same telemetry again", async () => {
  const { telemetry, ingestion } = await openTelemetry();
  for (const refusal of [
    { status: 429, retryAfterSeconds: 1 },
    { status: 500 },
  ] as const) {
    ingestion.refuse(refusal);
    await doStep(telemetry);
    const arrived = ingestion.nextRequest();
    const flushed = telemetry.flush();
    await arrived;
    await nextTurn();
    ingestion.refuse(undefined);
    await flushed;
  }
  expect(spansOf(ingestion)).toHaveLength(2);
});

test("what the endpoint takes of a request is enough: the rest of it is let go", async () => {
  const { telemetry, ingestion } = await openTelemetry();
  ingestion.refuse({ status: 206, refused: [0] });
  await Promise.all([1, 2, 3].map(() => doStep(telemetry)));
  await telemetry.flush();
  expect(spansOf(ingestion)).toHaveLength(2);
});

test("closing sends what waits", async () => {
  const { telemetry, ingestion } = await openTelemetry();
  await doStep(telemetry);
  telemetry.record("nucleus.jobs.submitted", 1, {});
  await telemetry.close();
  expect(spansOf(ingestion)).toHaveLength(1);
  expect(pointsOf(ingestion, "nucleus.jobs.submitted")).toHaveLength(1);
});

test("closing waits for an endpoint that does not answer only as long as it may", async () => {
  const { telemetry, ingestion } = await openTelemetry({ closeTimeoutMs: 50 });
  ingestion.refuse("silence");
  await doStep(telemetry);
  await telemetry.close();
  expect(spansOf(ingestion)).toEqual([]);
});

test("a failure is its code: nothing of what was thrown arrives", async () => {
  const { telemetry, ingestion } = await openTelemetry();
  const words = "request to https://source.example/merger.pdf failed";
  const thrown = [new TypeError(words), new NucleusError("artifact_timeout")];
  for (const error of thrown)
    await expect(doStep(telemetry, () => Promise.reject(error))).rejects.toBe(
      error,
    );
  await telemetry.flush();
  expect(
    spansOf(ingestion).map(({ data: { baseData } }) => [
      baseData.success,
      baseData.properties["nucleus.error.code"],
    ]),
  ).toEqual([
    [false, "internal"],
    [false, "artifact_timeout"],
  ]);
  const sent = Buffer.concat(ingestion.bodies).toString();
  for (const trace of ["merger", "source.example", "TypeError", " at "])
    expect(sent).not.toContain(trace);
});

test("an attribute that has not its shape is left out; one that has, and is content, is found by the leak scanner", async () => {
  const { telemetry, ingestion } = await openTelemetry();
  const words = "The merger is called off on Friday.";
  const disguised = "The-merger-is-called-off-on-Friday";
  const scanner = createLeakScanner({
    markers: [
      { name: "query", text: words },
      { name: "disguised query", text: disguised },
    ],
    sources: [],
  });
  const found = async () => {
    const findings = await Promise.all(
      ingestion.bodies.map((body) => scanner.scan(body)),
    );
    return new Set(findings.flat().map(({ marker }) => marker));
  };
  const misbehave = async (content: never): Promise<void> => {
    await telemetry.span(
      "activity.run",
      { attributes: { "nucleus.step": content, "nucleus.item": 0 } },
      async (span) => span.set({ "nucleus.step": content }),
    );
    telemetry.event("job.status-changed", { ...job, status: content });
    telemetry.record("nucleus.job.duration", 1, { "nucleus.status": content });
    await telemetry.flush();
  };

  await misbehave(words as never);
  expect(ingestion.bodies).not.toEqual([]);
  expect(await found()).toEqual(new Set());
  await misbehave(disguised as never);
  expect(await found()).toEqual(new Set(["disguised query"]));
});

test("an endpoint without local authentication gets the app's token", async () => {
  const identity = await startIdentity();
  onTestFinished(() => identity.close());
  const { telemetry, ingestion } = await openTelemetry(
    { credential: identity.credential },
    { identity },
  );
  await doStep(telemetry);
  await telemetry.flush();
  expect(spansOf(ingestion)).toHaveLength(1);
});

test.each([
  {
    name: "the caller's yes counts",
    parent: { traceparent: sampled },
    ratio: 0,
    spans: 1,
  },
  {
    name: "the caller's no counts",
    parent: { traceparent: unsampled },
    ratio: 1,
    spans: 0,
  },
  {
    name: "an unset flag is no decision",
    parent: { traceparent: unsampled, isUndecided: true },
    ratio: 1,
    spans: 1,
  },
  {
    name: "without a decision, the ratio decides",
    parent: { traceparent: sampled, isUndecided: true },
    ratio: 0,
    spans: 0,
  },
  {
    name: "a new trace follows the ratio",
    parent: undefined,
    ratio: 0,
    spans: 0,
  },
])(
  "sampling: $name; events and metrics are sent anyway",
  async ({ parent, ratio, spans }) => {
    const { telemetry, ingestion } = await openTelemetry({
      samplingRatio: ratio,
    });
    const attributes = {
      "faas.name": "sweep",
      "faas.trigger": "timer",
    } as const;
    const flags = await telemetry.span(
      "timer.run",
      { attributes, parent },
      async ({ traceparent }) => {
        telemetry.event("job.healed", { ...job, action: tag("start") });
        await doStep(telemetry);
        return traceparent.slice(-2);
      },
    );
    await telemetry.flush();
    expect(flags).toBe(spans === 1 ? "01" : "00");
    expect(spansOf(ingestion)).toHaveLength(2 * spans);
    expect(pointsOf(ingestion, "nucleus.stage.duration")).toHaveLength(1);
    expect(
      ingestion.accepted.filter(({ data }) => data.baseType === "EventData"),
    ).toHaveLength(1);
  },
);

test("a call to a store is a span when it is slow or fails; its metric counts each", async () => {
  const fast = await openTelemetry({ slowCallMs: 60_000 });
  const call = (work: () => Promise<void>) =>
    fast.telemetry.span(
      "store.call",
      {
        attributes: {
          "db.operation.name": "read",
          "db.collection.name": "job",
        },
      },
      work,
    );
  await doStep(fast.telemetry, async () => {
    await call(() => Promise.resolve());
    await call(() => Promise.reject(new NucleusError("store_throttled"))).catch(
      () => undefined,
    );
  });
  await fast.telemetry.flush();
  const step = spanNamed(fast.ingestion, "activity test");
  expect(spansOf(fast.ingestion)).toHaveLength(2);
  expect(spanNamed(fast.ingestion, "store read job")).toMatchObject({
    parentId: step.id,
    isSuccess: false,
    properties: { "nucleus.error.code": "store_throttled" },
  });
  const points = pointsOf(fast.ingestion, "db.client.operation.duration");
  expect(points.map(({ count }) => count)).toEqual([1, 1]);
});

test("whoever asks OpenTelemetry's API learns the active span, as Durable Functions does", async () => {
  const { telemetry } = await openTelemetry();
  const seen = await telemetry.span(
    "timer.run",
    { attributes: { "faas.name": "sweep", "faas.trigger": "timer" } },
    async ({ traceparent }) => {
      await nextTurn();
      const headers: Record<string, string> = {};
      propagation.inject(context.active(), headers);
      return { traceparent, headers };
    },
  );
  expect(seen.headers).toEqual({ traceparent: seen.traceparent });
  await telemetry.close();
  const after: Record<string, string> = {};
  propagation.inject(context.active(), after);
  expect(after).toEqual({});
});
