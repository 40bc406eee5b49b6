import {
  type Attributes,
  type Context,
  context,
  createContextKey,
  trace,
} from "@opentelemetry/api";
import type { TraceSubject } from "../telemetry.ts";
import { parseTraceParent } from "../trace-context.ts";
import { toRemoteContext } from "./remote-context.ts";

const subjectKey = createContextKey("nucleus.subject");

/** Whom a span is about: shared by what runs within it, so that what is learnt late is known to those that follow. */
export type Subject = { -readonly [K in keyof TraceSubject]: TraceSubject[K] };

export function subjectOf(active: Context): Subject {
  return (active.getValue(subjectKey) as Subject | undefined) ?? {};
}

export function withSubject(active: Context, subject: Subject): Context {
  return active.setValue(subjectKey, subject);
}

export function toSubjectAttributes(subject: Subject): Attributes {
  const { jobId, correlationId } = subject;
  return {
    ...(jobId !== undefined && { "nucleus.job.id": jobId }),
    ...(correlationId !== undefined && {
      "nucleus.correlation.id": correlationId,
    }),
  };
}

/** The active span's context; outside of any span, that of the trace which the event names. */
export function contextOfEvent(fields: Attributes): Context {
  const active = context.active();
  const traceparent = parseTraceParent(fields["traceparent"]);
  return trace.getSpan(active) !== undefined || traceparent === undefined
    ? active
    : toRemoteContext({ traceparent }, 1);
}

/**
 * An event that says whom it is about says so for its span, which may not have known: a request learns its job's id when
 * it has accepted it. An event about the same job as its span gets that span's correlation id.
 */
export function learnSubject(active: Context, fields: Attributes): Attributes {
  const subject = subjectOf(active);
  const { jobId = subject.jobId, correlationId } = fields;
  if (subject.jobId === undefined && correlationId !== undefined)
    Object.assign(subject, { jobId, correlationId });
  return jobId === subject.jobId && subject.correlationId !== undefined
    ? { correlationId: subject.correlationId }
    : {};
}
