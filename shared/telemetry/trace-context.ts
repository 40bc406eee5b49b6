import { randomBytes } from "node:crypto";
import { TraceParent } from "../kernel/metadata.ts";

/**
 * The ids of a span as the W3C Trace Context hands them on. `tracestate` is not among them: it is free text from
 * outside, and the recommendation lets whoever takes part in a trace leave it out.
 */
export interface TraceContext {
  readonly traceId: string;
  readonly spanId: string;
  /** Whoever came before has it recorded, and so shall we. */
  readonly isSampled: boolean;
}

/** A `traceparent` that means something; undefined when it is absent, malformed or all zeros. */
export function parseTraceParent(value: unknown): TraceParent | undefined {
  const parsed = TraceParent.safeParse(value);
  return parsed.success && !meaningless.test(parsed.data)
    ? parsed.data
    : undefined;
}

const meaningless = /^ff|^..-0{32}|-0{16}-..$/;

export function toTraceContext(traceparent: TraceParent): TraceContext {
  const [, traceId = "", spanId = "", flags = ""] = traceparent.split("-");
  return {
    traceId,
    spanId,
    isSampled: (Number.parseInt(flags, 16) & 1) === 1,
  };
}

export function fromTraceContext(context: TraceContext): TraceParent {
  const { traceId, spanId, isSampled } = context;
  return TraceParent.parse(
    `00-${traceId}-${spanId}-${isSampled ? "01" : "00"}`,
  );
}

/** The beginning of a new trace. */
export function newTraceParent(): TraceParent {
  return fromTraceContext({
    traceId: randomBytes(16).toString("hex"),
    spanId: randomBytes(8).toString("hex"),
    isSampled: true,
  });
}
