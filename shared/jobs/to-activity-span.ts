import { Tag } from "../kernel/metadata.ts";
import type { SpanStart } from "../telemetry/telemetry.ts";
import type { JobDocument } from "./documents.ts";

/** The span of one item of a job's step: part of the trace in which the job was accepted. */
export function toActivitySpan(
  { jobId, correlationId, traceparent }: JobDocument,
  step: string,
  item: number,
): SpanStart<"activity.run"> {
  return {
    parent: traceparent && { traceparent },
    about: { jobId, correlationId },
    attributes: { "nucleus.step": Tag.parse(step), "nucleus.item": item },
  };
}
