import type { HttpRequest, InvocationContext } from "@azure/functions";
import type { SpanParent } from "../../shared/telemetry/telemetry.ts";
import {
  fromTraceContext,
  parseTraceParent,
  toTraceContext,
} from "../../shared/telemetry/trace-context.ts";

/**
 * What a request is part of: the host's own span for it, which hangs under the caller's. Whether the trace is recorded
 * is for the caller to say; where it says nothing, the host's flag is not a decision but merely unset.
 */
export function toRequestParent(
  request: HttpRequest,
  context: InvocationContext,
): SpanParent | undefined {
  const caller = parseTraceParent(request.headers.get("traceparent"));
  const host = parseTraceParent(context.traceContext?.traceParent);
  if (caller === undefined)
    return host && { traceparent: host, isUndecided: true };
  if (host === undefined) return { traceparent: caller };
  const decided = toTraceContext(caller);
  const own = toTraceContext(host);
  return own.traceId === decided.traceId
    ? {
        traceparent: fromTraceContext({
          ...own,
          isSampled: decided.isSampled,
        }),
      }
    : { traceparent: caller };
}
