import type { z } from "zod";
import { logCatalogue } from "../kernel/log.ts";
import { metricCatalogue } from "./metric-catalogue.ts";
import { spanCatalogue } from "./span-catalogue.ts";

/** `docs/telemetry.md`, made from the catalogues. */
export function toTelemetryPage(): string {
  return `# Telemetry

Made from \`shared/telemetry/*-catalogue.ts\` and \`shared/kernel/log.ts\` by \`npm run docs\`; edit there.

With \`APPLICATIONINSIGHTS_CONNECTION_STRING\` set, Nucleus sends this to Application Insights, and nothing else: nothing is collected automatically, no URL, no message, no header, no text of an error. A failure is its code (see errors.md): \`nucleus.error.code\` of a span, \`error.type\` of a metric. Attributes are allow-listed; content does not fit into any of them.
Nothing is written to disk, and only the connection string's endpoint is contacted. While it does not answer, telemetry waits (10 000 spans, 2 048 events) and is then dropped; jobs go on.

## Spans

One trace leads from the caller's \`traceparent\` through the request, the job's activities, Service Bus and the delivery to the subscriber, who gets \`traceparent\` with the POST. The caller's sampled flag is honoured; \`tracestate\` is free text from outside and is not handed on.
Every span carries \`nucleus.job.id\` and \`nucleus.correlation.id\` once they are known.
Of a span marked *notable only*, there is one when the call fails or takes 20 ms and more; its metric counts all calls.

| span | kind | in Application Insights | attributes | |
| --- | --- | --- | --- | --- |
${spanRows().join("\n")}

## Metrics

Sent once a minute, as sum, count, minimum and maximum since the last time. They are never sampled, and none has a tenant, job or user among its attributes.

| metric | kind | unit | attributes | |
| --- | --- | --- | --- | --- |
${metricRows().join("\n")}

## Events

Each event of the log is also a custom event of the same name, with the same fields and the job's \`correlationId\`, under the span in which it happened. Events are never sampled.

| event | fields |
| --- | --- |
${eventRows().join("\n")}
`;
}

function spanRows(): string[] {
  return Object.values(spanCatalogue).map((entry) => {
    const { kind, title, nameParts, attributes, description } = entry;
    const name = [title, ...nameParts.map((part) => `{${part}}`)]
      .filter((part) => part !== "")
      .join(" ");
    const table =
      kind === "server" || kind === "consumer" ? "requests" : "dependencies";
    const notable = "isOnlyIfNotable" in entry ? " (notable only)" : "";
    return `| \`${name}\` | ${kind} | ${table} | ${toNames(attributes)} | ${description}${notable} |`;
  });
}

function metricRows(): string[] {
  return Object.entries(metricCatalogue).map(
    ([name, { instrument, unit, description, attributes }]) =>
      `| \`${name}\` | ${instrument} | \`${unit}\` | ${toNames(attributes)} | ${description} |`,
  );
}

function eventRows(): string[] {
  return Object.entries(logCatalogue).map(
    ([name, fields]) => `| \`${name}\` | ${toNames(fields)} |`,
  );
}

function toNames(schema: z.ZodObject): string {
  const names = Object.keys(schema.shape).map((name) => `\`${name}\``);
  return names.length === 0 ? "none" : names.join(", ");
}
