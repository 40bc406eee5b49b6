import {
  type Attributes,
  type Context,
  context,
  type Span as OtelSpan,
  SpanKind,
  type SpanOptions,
  SpanStatusCode,
  trace,
  TraceFlags,
  type Tracer,
} from "@opentelemetry/api";
import type { z } from "zod";
import { parseAttributes } from "../parse-attributes.ts";
import { type SpanName, spanCatalogue } from "../span-catalogue.ts";
import type { Span, SpanStart } from "../telemetry.ts";
import { fromTraceContext } from "../trace-context.ts";
import {
  subjectOf,
  toSubjectAttributes,
  withSubject,
} from "./active-subject.ts";
import { toRemoteContext } from "./remote-context.ts";

interface RecordedSpan<N extends SpanName> extends Span<N> {
  /** What runs in it is a child of this span. */
  readonly context: Context;
  end(): { readonly seconds: number; readonly attributes: Attributes };
}

interface SpanStarterOptions {
  readonly tracer: Tracer;
  readonly samplingRatio: number;
  readonly slowCallMs: number;
}

const kinds = {
  server: SpanKind.SERVER,
  consumer: SpanKind.CONSUMER,
  client: SpanKind.CLIENT,
  producer: SpanKind.PRODUCER,
  internal: SpanKind.INTERNAL,
} as const;

/** What Azure Monitor's exporter understands besides OpenTelemetry's own attributes. */
const sampleRate = "microsoft.sample_rate";
const operationName = "ai.operation.name";
/** It keeps `error.type` to itself, so the code goes by a name of ours as well. */
const errorCode = "nucleus.error.code";

/** Made once: building a schema costs more than a span. */
const partials = Object.fromEntries(
  Object.entries(spanCatalogue).map(([name, { attributes }]) => [
    name,
    attributes.partial(),
  ]),
) as unknown as Readonly<Record<SpanName, z.ZodType>>;

/** Starts spans of the catalogue. One that is recorded only if it is notable begins as its start and its attributes. */
export function createSpanStarter(options: SpanStarterOptions) {
  const { tracer, samplingRatio, slowCallMs } = options;

  return function begin<N extends SpanName>(
    name: N,
    start: SpanStart<N>,
  ): RecordedSpan<N> {
    const entry = spanCatalogue[name];
    const attributes = parseAttributes(entry.attributes, start.attributes);
    const parent = start.parent
      ? toRemoteContext(start.parent, samplingRatio)
      : context.active();
    const subject = start.about
      ? { ...subjectOf(parent), ...start.about }
      : subjectOf(parent);
    const title = toTitle(entry, attributes);
    const startTime = Date.now();
    const startedAt = performance.now();
    const open = (): OtelSpan =>
      tracer.startSpan(
        title,
        toSpanOptions(entry.kind, title, samplingRatio, startTime),
        parent,
      );
    const isDeferred = "isOnlyIfNotable" in entry;
    let span = isDeferred ? undefined : open();
    let hasFailed = false;

    const set = (added: unknown): void => {
      Object.assign(attributes, parseAttributes(partials[name], added));
    };
    return {
      context: span
        ? withSubject(trace.setSpan(parent, span), subject)
        : parent,
      get traceparent() {
        return traceParentOf((span ??= open()));
      },
      set,
      fail(code) {
        set({ "error.type": code });
        hasFailed = true;
      },
      end() {
        const durationMs = performance.now() - startedAt;
        if (hasFailed || durationMs >= slowCallMs) span ??= open();
        if (hasFailed) span?.setStatus({ code: SpanStatusCode.ERROR });
        const { "error.type": code } = attributes;
        span?.setAttributes({
          ...attributes,
          ...(code !== undefined && { [errorCode]: code }),
          ...toSubjectAttributes(subject),
        });
        span?.end(startTime + durationMs);
        return { seconds: durationMs / 1000, attributes };
      },
    };
  };
}

function toSpanOptions(
  kind: keyof typeof kinds,
  title: string,
  samplingRatio: number,
  startTime: number,
): SpanOptions {
  return {
    kind: kinds[kind],
    startTime,
    attributes: {
      ...(samplingRatio < 1 && { [sampleRate]: samplingRatio * 100 }),
      // A server's request is named by its route; a consumer's would have no name.
      ...(kind === "consumer" && { [operationName]: title }),
    },
  };
}

/** `activity retrieve`: the entry's title, and the values of the attributes that it names. */
function toTitle(
  entry: { readonly title: string; readonly nameParts: readonly string[] },
  attributes: Attributes,
): string {
  return [entry.title, ...entry.nameParts.map((part) => attributes[part])]
    .filter((part) => part !== undefined && part !== "")
    .join(" ");
}

function traceParentOf(span: OtelSpan) {
  const { traceId, spanId, traceFlags } = span.spanContext();
  const isSampled = (traceFlags & TraceFlags.SAMPLED) !== 0;
  return fromTraceContext({ traceId, spanId, isSampled });
}
