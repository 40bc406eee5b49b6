import type { Attributes, Meter } from "@opentelemetry/api";
import { metricCatalogue, type MetricName } from "../metric-catalogue.ts";
import { parseAttributes } from "../parse-attributes.ts";
import type { Telemetry } from "../telemetry.ts";

interface Instruments {
  readonly record: Telemetry["record"];
  /** A span's seconds, with those of its attributes (parsed already) that the metric has too. */
  recordSpan(metric: MetricName, seconds: number, attributes: Attributes): void;
}

/** Makes each metric of the catalogue once. */
export function createInstruments(meter: Meter): Instruments {
  const writers = Object.fromEntries(
    Object.entries(metricCatalogue).map(
      ([name, { instrument, unit, description }]) => {
        if (instrument === "counter") {
          const counter = meter.createCounter(name, { unit, description });
          return [name, (value, attributes) => counter.add(value, attributes)];
        }
        const histogram = meter.createHistogram(name, { unit, description });
        return [
          name,
          (value, attributes) => histogram.record(value, attributes),
        ];
      },
    ),
  ) as Record<MetricName, (value: number, attributes: Attributes) => void>;

  return {
    record: (metric, value, given) => {
      const { attributes } = metricCatalogue[metric];
      writers[metric](value, parseAttributes(attributes, given));
    },
    recordSpan(metric, seconds, attributes) {
      const shared: Attributes = {};
      for (const name of Object.keys(metricCatalogue[metric].attributes.shape))
        if (attributes[name] !== undefined) shared[name] = attributes[name];
      writers[metric](seconds, shared);
    },
  };
}
