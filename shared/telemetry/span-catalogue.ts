import { z } from "zod";
import { kinds } from "../documents/kinds.ts";
import { errorCodes } from "../kernel/errors.ts";
import { Count, type defineMetadata, Tag } from "../kernel/metadata.ts";
import type { MetricName } from "./metric-catalogue.ts";
import { RouteTemplate } from "./route-template.ts";

export const modelProviders = [
  "azure.ai.openai",
  "openai",
  "nucleus.extractive",
] as const;
export type ModelProvider = (typeof modelProviders)[number];

const documentKinds = Object.keys(kinds) as [
  keyof typeof kinds,
  ...(keyof typeof kinds)[],
];
const failure = { "error.type": z.enum(errorCodes).optional() };
const HttpStatus = z.int().min(100).max(599);

/** What OpenTelemetry calls a span's kind. Application Insights makes requests of server and consumer, dependencies of the rest. */
type SpanKind = "server" | "consumer" | "client" | "producer" | "internal";

interface SpanEntry<S extends z.ZodObject> {
  readonly kind: SpanKind;
  readonly description: string;
  /** A span's name is this and the values of `nameParts`: few names, and nothing of a request. */
  readonly title: string;
  readonly nameParts: readonly (keyof z.output<S> & string)[];
  readonly attributes: S;
  /** The histogram that each such span's seconds go to, sampled or not, with those attributes that both have. */
  readonly duration?: MetricName;
  /**
   * There are many of them and they start nothing else, so they are recorded only when they fail or take as long as the
   * adapter calls slow; the metric counts all.
   */
  readonly isOnlyIfNotable?: true;
}

/** Declares a span. An attribute that could hold content does not compile. */
function defineSpan<S extends z.ZodObject>(
  entry: Omit<SpanEntry<S>, "attributes"> & {
    readonly attributes: Parameters<typeof defineMetadata<S>>[0];
  },
): SpanEntry<S> {
  return entry;
}

/**
 * Every span that Nucleus may record, with its allow-listed attributes: names by OpenTelemetry's conventions where they
 * have one. What is not here cannot be recorded, at compile time and again at run time. All spans also carry
 * `nucleus.job.id` and `nucleus.correlation.id` where they are known.
 */
export const spanCatalogue = {
  "http.request": defineSpan({
    kind: "server",
    description: "One request to the HTTP API",
    title: "",
    nameParts: ["http.request.method", "http.route"],
    attributes: z.strictObject({
      "http.request.method": z.enum(["GET", "POST", "DELETE"]),
      "http.route": RouteTemplate,
      "http.response.status_code": HttpStatus.optional(),
      "faas.trigger": z.literal("http"),
      ...failure,
    }),
    duration: "http.server.request.duration",
  }),
  "activity.run": defineSpan({
    kind: "internal",
    description: "One item of a job's step, in an activity",
    title: "activity",
    nameParts: ["nucleus.step"],
    attributes: z.strictObject({
      "nucleus.step": Tag,
      "nucleus.item": Count,
      ...failure,
    }),
    duration: "nucleus.stage.duration",
  }),
  "timer.run": defineSpan({
    kind: "consumer",
    description: "One run of a timer",
    title: "timer",
    nameParts: ["faas.name"],
    attributes: z.strictObject({
      "faas.name": z.enum(["sweep", "clean-vault", "rewrap-keys"]),
      "faas.trigger": z.literal("timer"),
      ...failure,
    }),
  }),
  "message.send": defineSpan({
    kind: "producer",
    description: "Sending one message to Service Bus",
    title: "send",
    nameParts: ["messaging.destination.name"],
    attributes: z.strictObject({
      "messaging.system": z.literal("servicebus"),
      "messaging.operation.type": z.literal("send"),
      "messaging.destination.name": Tag,
      "messaging.message.id": Tag,
      ...failure,
    }),
    duration: "messaging.client.operation.duration",
  }),
  "message.process": defineSpan({
    kind: "consumer",
    description: "Working on one message from Service Bus",
    title: "process",
    nameParts: ["messaging.destination.name"],
    attributes: z.strictObject({
      "messaging.system": z.literal("servicebus"),
      "messaging.operation.type": z.literal("process"),
      "messaging.destination.name": Tag,
      "nucleus.attempt": Count.optional(),
      ...failure,
    }),
    duration: "messaging.process.duration",
  }),
  "webhook.post": defineSpan({
    kind: "client",
    description: "One signed POST to a subscriber; its address is content",
    title: "webhook POST",
    nameParts: [],
    attributes: z.strictObject({
      "http.request.method": z.literal("POST"),
      "http.response.status_code": HttpStatus.optional(),
      ...failure,
    }),
    duration: "http.client.request.duration",
  }),
  "artifact.open": defineSpan({
    kind: "client",
    description: "Opening one artifact at its source; its address is content",
    title: "open artifact",
    nameParts: ["nucleus.artifact.provider"],
    attributes: z.strictObject({
      "nucleus.artifact.provider": Tag,
      ...failure,
    }),
    duration: "nucleus.artifact.open.duration",
  }),
  "model.chat": defineSpan({
    kind: "client",
    description: "One persona's question to its model; no message is recorded",
    title: "",
    nameParts: ["gen_ai.operation.name", "gen_ai.request.model"],
    attributes: z.strictObject({
      "gen_ai.operation.name": z.literal("chat"),
      "gen_ai.provider.name": z.enum(modelProviders),
      "gen_ai.request.model": Tag,
      "gen_ai.usage.input_tokens": Count.optional(),
      "gen_ai.usage.output_tokens": Count.optional(),
      "gen_ai.usage.cache_read.input_tokens": Count.optional(),
      "gen_ai.usage.reasoning.output_tokens": Count.optional(),
      ...failure,
    }),
    duration: "gen_ai.client.operation.duration",
  }),
  "store.call": defineSpan({
    kind: "client",
    description: "One call to the document store",
    title: "store",
    nameParts: ["db.operation.name", "db.collection.name"],
    attributes: z.strictObject({
      "db.operation.name": z.enum(["read", "batch", "query"]),
      "db.collection.name": z.enum(documentKinds),
      "db.operation.batch.size": Count.optional(),
      ...failure,
    }),
    duration: "db.client.operation.duration",
    isOnlyIfNotable: true,
  }),
  "vault.call": defineSpan({
    kind: "client",
    description:
      "One write or deletion in the vault or the key store, or one call to the secrets",
    title: "",
    nameParts: ["nucleus.port", "nucleus.operation"],
    attributes: z.strictObject({
      "nucleus.port": z.enum(["vault", "keys", "secrets"]),
      "nucleus.operation": Tag,
      ...failure,
    }),
    duration: "nucleus.vault.call.duration",
    isOnlyIfNotable: true,
  }),
} as const;

export type SpanName = keyof typeof spanCatalogue;
export type SpanAttributes<N extends SpanName> = z.output<
  (typeof spanCatalogue)[N]["attributes"]
>;
