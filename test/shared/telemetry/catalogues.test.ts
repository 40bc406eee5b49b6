import { expect, test } from "vitest";
import { z } from "zod";
import type { Content } from "../../../shared/kernel/content.ts";
import { logCatalogue } from "../../../shared/kernel/log.ts";
import { defineMetadata, Tag } from "../../../shared/kernel/metadata.ts";
import { metricCatalogue } from "../../../shared/telemetry/metric-catalogue.ts";
import { noTelemetry } from "../../../shared/telemetry/no-telemetry.ts";
import { spanCatalogue } from "../../../shared/telemetry/span-catalogue.ts";
import type { Telemetry } from "../../../shared/telemetry/telemetry.ts";
import { toTelemetryPage } from "../../../shared/telemetry/to-telemetry-page.ts";
import {
  newTraceParent,
  parseTraceParent,
} from "../../../shared/telemetry/trace-context.ts";

/** The wall in front of telemetry as the compiler holds it; the functions are never called. */
export function whatDoesNotCompile(
  telemetry: Telemetry,
  content: Content,
  text: string,
): readonly (() => unknown)[] {
  const work = () => Promise.resolve();
  const step = Tag.parse("store");
  return [
    () =>
      telemetry.span(
        "activity.run",
        // @ts-expect-error a plain string is no tag
        { attributes: { "nucleus.step": text, "nucleus.item": 0 } },
        work,
      ),
    () =>
      telemetry.span(
        "activity.run",
        // @ts-expect-error content is no tag
        { attributes: { "nucleus.step": content, "nucleus.item": 0 } },
        work,
      ),
    () =>
      telemetry.span(
        "activity.run",
        {
          attributes: {
            "nucleus.step": step,
            "nucleus.item": 0,
            // @ts-expect-error an attribute that is not in the catalogue
            "url.full": step,
          },
        },
        work,
      ),
    // @ts-expect-error a span that is not in the catalogue
    () => telemetry.span("query.answer", { attributes: {} }, work),
    () =>
      telemetry.record("nucleus.job.duration", 1, {
        // @ts-expect-error a plain string is no tag
        "nucleus.status": text,
      }),
    () =>
      // @ts-expect-error a catalogue's schema holds metadata only
      defineMetadata(z.strictObject({ "nucleus.step": z.string() })),
  ];
}

test("no metric has an attribute with as many values as there are tenants, jobs or users", () => {
  const names = Object.values(metricCatalogue).flatMap(({ attributes }) =>
    Object.keys(attributes.shape),
  );
  expect(
    names.filter((name) => /tenant|job|user|\bid\b|url/.test(name)),
  ).toEqual([]);
});

test("a span's duration goes to a histogram in seconds whose attributes the span has", () => {
  for (const [name, entry] of Object.entries(spanCatalogue)) {
    if (!("duration" in entry) || entry.duration === undefined) continue;
    const metric = metricCatalogue[entry.duration];
    expect(metric, name).toMatchObject({ instrument: "histogram", unit: "s" });
    expect(Object.keys(entry.attributes.shape), name).toEqual(
      expect.arrayContaining(Object.keys(metric.attributes.shape)),
    );
  }
});

test("the page lists every span, metric and event", () => {
  const page = toTelemetryPage();
  for (const name of [
    ...Object.keys(metricCatalogue),
    ...Object.keys(logCatalogue),
    "activity {nucleus.step}",
    "{gen_ai.operation.name} {gen_ai.request.model}",
  ])
    expect(page).toContain(`\`${name}\``);
});

test("without telemetry, work and its errors pass, and a trace is handed on or begun", async () => {
  const attributes = {
    "faas.name": "sweep",
    "faas.trigger": "timer",
  } as const;
  const parent = { traceparent: newTraceParent() };
  expect(
    await noTelemetry.span(
      "timer.run",
      { attributes, parent },
      async (span) => [span.traceparent, span.traceparent],
    ),
  ).toEqual([parent.traceparent, parent.traceparent]);
  const [first, again] = await noTelemetry.span(
    "timer.run",
    { attributes },
    async (span) => [span.traceparent, span.traceparent] as const,
  );
  expect(parseTraceParent(first)).toBe(again);
  const error = new Error("of the work");
  await expect(
    noTelemetry.span("timer.run", { attributes }, () => Promise.reject(error)),
  ).rejects.toBe(error);
});

test.each([
  ["absent", null],
  ["malformed", "00-x-y-01"],
  ["of no trace", `00-${"0".repeat(32)}-${"a".repeat(16)}-01`],
  ["of no span", `00-${"a".repeat(32)}-${"0".repeat(16)}-01`],
  ["of a version that cannot be", `ff-${"a".repeat(32)}-${"b".repeat(16)}-01`],
])("a traceparent that is %s is none", (_, value) => {
  expect(parseTraceParent(value)).toBeUndefined();
});
