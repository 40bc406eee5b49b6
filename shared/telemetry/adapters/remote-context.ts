import {
  type Context,
  ROOT_CONTEXT,
  trace,
  TraceFlags,
} from "@opentelemetry/api";
import type { SpanParent } from "../telemetry.ts";
import { toTraceContext } from "../trace-context.ts";

/** The context of a span of another process. Where nobody has decided on its trace, the ratio decides. */
export function toRemoteContext(
  { traceparent, isUndecided = false }: SpanParent,
  samplingRatio: number,
): Context {
  const { traceId, spanId, isSampled } = toTraceContext(traceparent);
  const isKept = isUndecided
    ? isWithinRatio(traceId, samplingRatio)
    : isSampled;
  return trace.setSpanContext(ROOT_CONTEXT, {
    traceId,
    spanId,
    traceFlags: isKept ? TraceFlags.SAMPLED : TraceFlags.NONE,
    isRemote: true,
  });
}

/** The same answer for a trace in every process: its id is random. */
function isWithinRatio(traceId: string, ratio: number): boolean {
  return Number.parseInt(traceId.slice(-8), 16) / 2 ** 32 < ratio;
}
