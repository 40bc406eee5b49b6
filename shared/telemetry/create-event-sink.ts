import type { LogEvent, LogFields, Logger } from "../kernel/log.ts";
import type { Telemetry } from "./telemetry.ts";

/** What an event adds to the metrics; those that have nothing to count are not here. */
type EventMetrics = {
  readonly [E in LogEvent]?: (
    telemetry: Telemetry,
    fields: LogFields<E>,
  ) => void;
};

const eventMetrics: EventMetrics = {
  "interaction.received": (telemetry) => {
    telemetry.record("nucleus.jobs.submitted", 1, {});
  },
  "job.finished": (telemetry, { status, code, durationMs }) => {
    telemetry.record("nucleus.jobs.finished", 1, {
      "nucleus.status": status,
      "error.type": code,
    });
    telemetry.record("nucleus.job.duration", durationMs / 1000, {
      "nucleus.status": status,
    });
  },
  "delivery.attempted": (telemetry, { outcome, httpStatus }) => {
    telemetry.record("nucleus.webhook.attempts", 1, {
      "nucleus.outcome": outcome,
      "http.response.status_code": httpStatus,
    });
  },
  "step.failed": (telemetry, { code }) => {
    telemetry.record("nucleus.errors", 1, {
      "error.type": code,
      "nucleus.source": "step",
    });
  },
  "request.failed": (telemetry, { code }) => {
    telemetry.record("nucleus.errors", 1, {
      "error.type": code,
      "nucleus.source": "request",
    });
  },
};

/**
 * The logger's second sink: each event becomes an event of the telemetry, and what it says in numbers goes to the
 * metrics, so that log, events and metrics cannot tell different stories.
 */
export function createEventSink(telemetry: Telemetry): Logger["event"] {
  return (event, fields) => {
    telemetry.event(event, fields);
    eventMetrics[event]?.(telemetry, fields);
  };
}
