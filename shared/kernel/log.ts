import { z } from "zod";
import { azureRoleNames, azureServices } from "./azure-roles.ts";
import { errorCodes } from "./errors.ts";
import {
  Count,
  defineMetadata,
  MediaType,
  Tag,
  TraceParent,
} from "./metadata.ts";

const ErrorCode = z.enum(errorCodes);
/** Which service of Azure refused the app's identity, and for want of which role. */
const denial = {
  deniedBy: z.enum(azureServices).optional(),
  missingRole: z.enum(azureRoleNames).optional(),
};
const job = { tenantId: Tag, jobId: Tag };
const traced = { ...job, traceparent: TraceParent.optional() };

/**
 * Every event that Nucleus may log, with its allow-listed fields. A field that is not here cannot be logged, and a
 * value that could be content does not compile (`defineMetadata`).
 */
export const logCatalogue = {
  "interaction.received": defineMetadata(
    z.strictObject({
      ...traced,
      correlationId: Tag,
      appId: Tag,
      artifacts: Count,
      personas: Count,
    }),
  ),
  "interaction.ignored": defineMetadata(
    z.strictObject({ tenantId: Tag, appId: Tag, artifacts: Count }),
  ),
  "job.status-changed": defineMetadata(z.strictObject({ ...job, status: Tag })),
  "job.finished": defineMetadata(
    z.strictObject({
      ...traced,
      correlationId: Tag,
      status: Tag,
      durationMs: Count,
      code: ErrorCode.optional(),
    }),
  ),
  "job.healed": defineMetadata(z.strictObject({ ...job, action: Tag })),
  "artifact.processing-started": defineMetadata(
    z.strictObject({ ...traced, index: Count }),
  ),
  "artifact.provider-invoked": defineMetadata(
    z.strictObject({ ...traced, index: Count, provider: Tag }),
  ),
  "artifact.retrieved": defineMetadata(
    z.strictObject({
      ...traced,
      index: Count,
      sizeBytes: Count,
      durationMs: Count,
    }),
  ),
  "extraction.started": defineMetadata(
    z.strictObject({ ...traced, index: Count }),
  ),
  "extraction.completed": defineMetadata(
    z.strictObject({
      ...traced,
      index: Count,
      mediaType: MediaType,
      words: Count,
      durationMs: Count,
    }),
  ),
  "persona.invoked": defineMetadata(
    z.strictObject({
      ...traced,
      personaId: Tag,
      model: Tag,
      inputTokens: Count,
      outputTokens: Count,
      durationMs: Count,
    }),
  ),
  "metadata.stored": defineMetadata(
    z.strictObject({ ...traced, documents: Count }),
  ),
  "step.failed": defineMetadata(
    z.strictObject({
      ...traced,
      step: Tag,
      item: Count.optional(),
      code: ErrorCode,
      retryable: z.boolean(),
      ...denial,
    }),
  ),
  "delivery.attempted": defineMetadata(
    z.strictObject({
      ...job,
      deliveryId: Tag,
      attempt: Count,
      outcome: Tag,
      httpStatus: Count.optional(),
      durationMs: Count,
    }),
  ),
  "request.failed": defineMetadata(
    z.strictObject({
      route: Tag,
      status: Count,
      code: ErrorCode,
      ...denial,
    }),
  ),
  "vault.cleaned": defineMetadata(
    z.strictObject({ deleted: Count, unknown: Count }),
  ),
  "keys.rewrapped": defineMetadata(
    z.strictObject({ kekVersion: Tag, rewrapped: Count, failed: Count }),
  ),
  "sweep.completed": defineMetadata(
    z.strictObject({ examined: Count, healed: Count, failed: Count }),
  ),
} as const;

export type LogEvent = keyof typeof logCatalogue;
export type LogFields<E extends LogEvent> = z.output<(typeof logCatalogue)[E]>;

export interface Logger {
  /** Writes one event as one JSON line. Fields are those of the catalogue; content does not compile. */
  event<E extends LogEvent>(event: E, fields: LogFields<E>): void;
}

/**
 * Creates the logger. A record that does not pass its schema is replaced by the event's name alone.
 *
 * @param onEvent is told each event that passed, for telemetry
 */
export function createLogger(
  write: (line: string) => void,
  now: () => number,
  onEvent?: Logger["event"],
): Logger {
  return {
    event(event, fields) {
      const parsed = logCatalogue[event].safeParse(fields);
      const record = parsed.success ? parsed.data : { refused: true };
      if (parsed.success) onEvent?.(event, fields);
      write(
        JSON.stringify({
          time: new Date(now()).toISOString(),
          event,
          ...record,
        }),
      );
    },
  };
}
