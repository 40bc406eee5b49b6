import type { ErrorCode } from "../kernel/errors.ts";
import type { LogEvent, LogFields } from "../kernel/log.ts";
import type { Tag, TraceParent } from "../kernel/metadata.ts";
import type { MetricAttributes, MetricName } from "./metric-catalogue.ts";
import type { SpanAttributes, SpanName } from "./span-catalogue.ts";

/**
 * What Nucleus tells of its running: spans of one trace per job, metrics, and the log's events.
 *
 * T1. Names and attributes are those of the catalogues. Content does not compile, and what does not have its
 *     attribute's shape is left out at run time.
 * T2. A failure is its code. No message and no stack of an error is recorded.
 * T3. Nothing here ever fails or delays the work that it tells of: what cannot be sent is dropped.
 */
export interface Telemetry {
  /** Whether anything is kept at all; if not, nothing needs to be wrapped. */
  readonly isOn: boolean;
  /** Does the work within a span: what it starts is the span's child, what it throws is the span's failure, by code. */
  span<N extends SpanName, T>(
    name: N,
    start: SpanStart<N>,
    work: (span: Span<N>) => Promise<T>,
  ): Promise<T>;
  /** Says whom the active span is about; spans that begin within it from then on say the same. */
  about(subject: TraceSubject): void;
  /** Adds to a counter, or puts a value into a histogram, in the catalogue's unit. */
  record<M extends MetricName>(
    metric: M,
    value: number,
    attributes: MetricAttributes<M>,
  ): void;
  /** Takes an event of the log, as the logger has written it. */
  event<E extends LogEvent>(event: E, fields: LogFields<E>): void;
  /** Sends what is waiting. Resolves when that is done, or has failed. */
  flush(): Promise<void>;
  /** Sends what is waiting, for a bounded time, and ends. */
  close(): Promise<void>;
}

export interface SpanStart<N extends SpanName> {
  readonly attributes: SpanAttributes<N>;
  /** Absent: the active span, or else a new trace. */
  readonly parent?: SpanParent | undefined;
  readonly about?: TraceSubject;
}

export interface SpanParent {
  readonly traceparent: TraceParent;
  /** Its sampled flag is nobody's decision, so ours counts: the Functions host sets none on what it starts itself. */
  readonly isUndecided?: boolean;
}

/** Whose work a span is part of. */
export interface TraceSubject {
  readonly jobId?: Tag;
  readonly correlationId?: Tag;
}

export interface Span<N extends SpanName> {
  /** This span's own context, for whatever goes on in another process. */
  readonly traceparent: TraceParent;
  set(attributes: Partial<SpanAttributes<N>>): void;
  /** It failed although nothing is thrown. */
  fail(code: ErrorCode): void;
}
