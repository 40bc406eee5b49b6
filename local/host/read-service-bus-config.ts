import { readFileSync } from "node:fs";
import { z } from "zod";
import type { QueueDefinition } from "../service-bus/queue-definition.ts";
import { HostStartError } from "./host-start-error.ts";
import { describeReadError } from "./read-host-json.ts";

/** What the embedded endpoint does not have yet, refused by name. */
const absent = (what: string) =>
  z
    .union([z.literal(false), z.literal(""), z.array(z.never()).max(0)], {
      error: `${what} not supported by the embedded runtime yet`,
    })
    .optional();

const duration = z.string().transform((text, context) => {
  const ms = parseDurationMs(text);
  if (ms !== undefined) return ms;
  context.addIssue({
    code: "custom",
    message: 'expected an ISO 8601 duration such as "PT1M"',
  });
  return z.NEVER;
});

const queueSchema = z.object({
  Name: z.string().min(1),
  Properties: z
    .looseObject({
      LockDuration: duration.optional(),
      MaxDeliveryCount: z.int().min(1).optional(),
      RequiresDuplicateDetection: z.boolean().default(false),
      DuplicateDetectionHistoryTimeWindow: duration.default(10 * 60_000),
      DefaultMessageTimeToLive: duration.optional(),
      DeadLetteringOnMessageExpiration: z.boolean().optional(),
      RequiresSession: absent("sessions are"),
      ForwardTo: absent("forwarding is"),
      ForwardDeadLetteredMessagesTo: absent("forwarding is"),
    })
    .prefault({}),
});

/** The configuration file of the Azure Service Bus emulator. */
const configSchema = z.looseObject({
  UserConfig: z.looseObject({
    Namespaces: z
      .array(
        z.looseObject({
          Queues: z.array(queueSchema).default([]),
          Topics: absent("topics are"),
        }),
      )
      .length(1),
  }),
});

/**
 * The queues that a configuration file of the Azure Service Bus emulator (`Config.json`) describes.
 *
 * @throws HostStartError naming the key that is malformed or not supported.
 */
export function readServiceBusConfig(file: string): QueueDefinition[] {
  let value: unknown;
  try {
    value = JSON.parse(readFileSync(file, "utf8"));
  } catch (error) {
    throw new HostStartError(`${file} ${describeReadError(error)}.`);
  }
  const parsed = configSchema.safeParse(value);
  if (!parsed.success) {
    const issue = parsed.error.issues[0];
    throw new HostStartError(
      `${file}: "${issue?.path.join(".") ?? ""}": ${issue?.message ?? "malformed"}.`,
    );
  }
  const [namespace] = parsed.data.UserConfig.Namespaces;
  return (namespace?.Queues ?? []).map(toDefinition);
}

function toDefinition({
  Name,
  Properties,
}: z.output<typeof queueSchema>): QueueDefinition {
  const {
    LockDuration,
    MaxDeliveryCount,
    DefaultMessageTimeToLive,
    DeadLetteringOnMessageExpiration,
  } = Properties;
  return {
    name: Name,
    ...(LockDuration !== undefined && { lockDurationMs: LockDuration }),
    ...(MaxDeliveryCount !== undefined && {
      maxDeliveryCount: MaxDeliveryCount,
    }),
    ...(Properties.RequiresDuplicateDetection && {
      duplicateDetectionWindowMs:
        Properties.DuplicateDetectionHistoryTimeWindow,
    }),
    ...(DefaultMessageTimeToLive !== undefined && {
      defaultMessageTtlMs: DefaultMessageTimeToLive,
    }),
    ...(DeadLetteringOnMessageExpiration !== undefined && {
      deadLetteringOnMessageExpiration: DeadLetteringOnMessageExpiration,
    }),
  };
}

/** Days, hours, minutes and seconds; months and years have no fixed length. */
function parseDurationMs(text: string): number | undefined {
  const match =
    /^P(?=.)(?:(\d+)D)?(?:T(?=.)(?:(\d+)H)?(?:(\d+)M)?(?:(\d+(?:\.\d+)?)S)?)?$/.exec(
      text,
    );
  if (match === null) return undefined;
  const [days = 0, hours = 0, minutes = 0, seconds = 0] = match
    .slice(1)
    .map((part) => Number(part ?? 0));
  return ((days * 24 + hours) * 60 + minutes) * 60_000 + seconds * 1000;
}
