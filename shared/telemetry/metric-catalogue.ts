import { z } from "zod";
import { errorCodes } from "../kernel/errors.ts";
import { type defineMetadata, Tag } from "../kernel/metadata.ts";
import { RouteTemplate } from "./route-template.ts";

interface MetricEntry<S extends z.ZodObject> {
  /** A counter is added to, a histogram takes single values. */
  readonly instrument: "counter" | "histogram";
  /** As UCUM writes it: `s`, `{job}`. */
  readonly unit: string;
  readonly description: string;
  readonly attributes: S;
}

/** Declares a metric. An attribute that could hold content does not compile. */
function defineMetric<S extends z.ZodObject>(
  entry: Omit<MetricEntry<S>, "attributes"> & {
    readonly attributes: Parameters<typeof defineMetadata<S>>[0];
  },
): MetricEntry<S> {
  return entry;
}

const error = { "error.type": z.enum(errorCodes).optional() };
const status = { "http.response.status_code": z.int().optional() };
const seconds = { instrument: "histogram", unit: "s" } as const;

/**
 * Every metric of Nucleus. Attributes have few values each: no tenant, job, user, conversation or subscriber is among
 * them, whatever else changes here (`test/shared/telemetry/catalogues.test.ts`).
 */
export const metricCatalogue = {
  "nucleus.jobs.submitted": defineMetric({
    instrument: "counter",
    unit: "{job}",
    description: "Interactions accepted",
    attributes: z.strictObject({}),
  }),
  "nucleus.jobs.finished": defineMetric({
    instrument: "counter",
    unit: "{job}",
    description: "Jobs ended, by how",
    attributes: z.strictObject({ "nucleus.status": Tag, ...error }),
  }),
  "nucleus.job.duration": defineMetric({
    ...seconds,
    description: "From a job's acceptance to its end",
    attributes: z.strictObject({ "nucleus.status": Tag }),
  }),
  "nucleus.stage.duration": defineMetric({
    ...seconds,
    description: "One item of one step",
    attributes: z.strictObject({ "nucleus.step": Tag, ...error }),
  }),
  "nucleus.webhook.attempts": defineMetric({
    instrument: "counter",
    unit: "{attempt}",
    description: "Attempts to deliver an event, by outcome",
    attributes: z.strictObject({ "nucleus.outcome": Tag, ...status }),
  }),
  "nucleus.errors": defineMetric({
    instrument: "counter",
    unit: "{error}",
    description: "Failures by code: of steps, and of requests with 5xx",
    attributes: z.strictObject({
      "error.type": z.enum(errorCodes),
      "nucleus.source": z.enum(["step", "request"]),
    }),
  }),
  "nucleus.artifact.open.duration": defineMetric({
    ...seconds,
    description: "Until a source begins to hand out an artifact",
    attributes: z.strictObject({ "nucleus.artifact.provider": Tag, ...error }),
  }),
  "nucleus.vault.call.duration": defineMetric({
    ...seconds,
    description: "Writes and deletions of vault and keys, calls to secrets",
    attributes: z.strictObject({
      "nucleus.port": z.enum(["vault", "keys", "secrets"]),
      "nucleus.operation": Tag,
      ...error,
    }),
  }),
  "http.server.request.duration": defineMetric({
    ...seconds,
    description: "One request to the HTTP API",
    attributes: z.strictObject({
      "http.request.method": Tag,
      "http.route": RouteTemplate,
      ...status,
      ...error,
    }),
  }),
  "http.client.request.duration": defineMetric({
    ...seconds,
    description: "One POST to a subscriber",
    attributes: z.strictObject({
      "http.request.method": Tag,
      ...status,
      ...error,
    }),
  }),
  "db.client.operation.duration": defineMetric({
    ...seconds,
    description: "One call to the document store",
    attributes: z.strictObject({
      "db.operation.name": Tag,
      "db.collection.name": Tag,
      ...error,
    }),
  }),
  "messaging.client.operation.duration": defineMetric({
    ...seconds,
    description: "Sending one message",
    attributes: z.strictObject({
      "messaging.system": Tag,
      "messaging.destination.name": Tag,
      ...error,
    }),
  }),
  "messaging.process.duration": defineMetric({
    ...seconds,
    description: "Working on one message",
    attributes: z.strictObject({
      "messaging.system": Tag,
      "messaging.destination.name": Tag,
      ...error,
    }),
  }),
  "gen_ai.client.operation.duration": defineMetric({
    ...seconds,
    description: "One call to a model",
    attributes: z.strictObject({
      "gen_ai.operation.name": Tag,
      "gen_ai.provider.name": Tag,
      "gen_ai.request.model": Tag,
      ...error,
    }),
  }),
  "gen_ai.client.token.usage": defineMetric({
    instrument: "histogram",
    unit: "{token}",
    description: "Tokens of one call to a model, by direction",
    attributes: z.strictObject({
      "gen_ai.operation.name": Tag,
      "gen_ai.provider.name": Tag,
      "gen_ai.request.model": Tag,
      "gen_ai.token.type": z.enum(["input", "output"]),
    }),
  }),
  "nucleus.model.cost": defineMetric({
    instrument: "counter",
    unit: "USD",
    description: "What answers cost, where the model's prices are known",
    attributes: z.strictObject({
      "gen_ai.provider.name": Tag,
      "gen_ai.request.model": Tag,
    }),
  }),
} as const;

export type MetricName = keyof typeof metricCatalogue;
export type MetricAttributes<M extends MetricName> = z.output<
  (typeof metricCatalogue)[M]["attributes"]
>;
