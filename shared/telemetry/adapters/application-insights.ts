import { context } from "@opentelemetry/api";
import { toNucleusError } from "../../kernel/errors.ts";
import { logCatalogue } from "../../kernel/log.ts";
import { parseAttributes } from "../parse-attributes.ts";
import { spanCatalogue } from "../span-catalogue.ts";
import type { Telemetry } from "../telemetry.ts";
import { contextOfEvent, learnSubject, subjectOf } from "./active-subject.ts";
import {
  type AzureMonitorOptions,
  openAzureMonitor,
} from "./azure-monitor-providers.ts";
import { createInstruments } from "./instruments.ts";
import { createSpanStarter } from "./recorded-span.ts";
import { shareActiveContext } from "./share-active-context.ts";

export interface ApplicationInsightsOptions extends Partial<
  Omit<AzureMonitorOptions, "connectionString">
> {
  /** From the Application Insights resource; its ingestion endpoint is the only one that is contacted. */
  readonly connectionString: string;
  /** From which time on a call to a store is recorded although it succeeds, in milliseconds; 20 unless given. */
  readonly slowCallMs?: number;
  /** How long `close` may take, in milliseconds; 5 000 unless given. */
  readonly closeTimeoutMs?: number;
}

/** What makes a log record of the SDK a custom event of Application Insights. */
const customEventName = "microsoft.custom_event.name";

/**
 * Sends telemetry to Application Insights: spans as requests and dependencies, the log's events as custom events, and
 * metrics once a minute. Sampling keeps or drops whole traces of spans; events and metrics are always sent.
 */
export function createApplicationInsights(
  options: ApplicationInsightsOptions,
): Telemetry {
  const {
    samplingRatio = 1,
    slowCallMs = 20,
    closeTimeoutMs = 5_000,
  } = options;
  const azure = openAzureMonitor({
    roleName: "nucleus",
    maxQueuedSpans: 10_000,
    ...options,
    samplingRatio,
  });
  const unshare = shareActiveContext();
  const instruments = createInstruments(azure.meter);
  const begin = createSpanStarter({
    tracer: azure.tracer,
    samplingRatio,
    slowCallMs,
  });

  return {
    isOn: true,

    async span(name, start, work) {
      const span = begin(name, start);
      try {
        return await context.with(span.context, () => work(span));
      } catch (thrown) {
        span.fail(toNucleusError(thrown).code);
        throw thrown;
      } finally {
        const { seconds, attributes } = span.end();
        const { duration } = spanCatalogue[name];
        if (duration !== undefined)
          instruments.recordSpan(duration, seconds, attributes);
      }
    },

    about(subject) {
      Object.assign(subjectOf(context.active()), subject);
    },

    record: instruments.record,

    event(event, fields) {
      const parsed = parseAttributes(logCatalogue[event], fields);
      const active = contextOfEvent(parsed);
      azure.logger.emit({
        context: active,
        attributes: {
          [customEventName]: event,
          ...learnSubject(active, parsed),
          ...parsed,
        },
      });
    },

    flush: () => azure.flush(),

    async close() {
      await azure.shutdown(closeTimeoutMs);
      unshare();
    },
  };
}
