import { readFileSync } from "node:fs";
import { z } from "zod";
import type { RuleDefinition } from "../service-bus/filters/rule-definition.ts";
import type {
  QueueDefinition,
  SubscriptionDefinition,
  TopicDefinition,
} from "../service-bus/queue-definition.ts";
import { HostStartError } from "./host-start-error.ts";
import { describeReadError } from "./read-host-json.ts";

/** What the local Service Bus endpoint has. */
export interface ServiceBusEntities {
  readonly queues: readonly QueueDefinition[];
  readonly topics: readonly TopicDefinition[];
}

const duration = z.string().transform((text, context) => {
  const ms = parseDurationMs(text);
  if (ms !== undefined) return ms;
  context.addIssue({
    code: "custom",
    message: 'expected an ISO 8601 duration such as "PT1M"',
  });
  return z.NEVER;
});
/** The emulator's own examples leave what is not wanted empty. */
const optionalText = z
  .string()
  .optional()
  .transform((text) => (text === "" ? undefined : text));

const receivedProperties = {
  LockDuration: duration.optional(),
  MaxDeliveryCount: z.int().min(1).optional(),
  DefaultMessageTimeToLive: duration.optional(),
  DeadLetteringOnMessageExpiration: z.boolean().optional(),
  RequiresSession: z.boolean().default(false),
  ForwardTo: optionalText,
  ForwardDeadLetteredMessagesTo: optionalText,
};
const sentProperties = {
  RequiresDuplicateDetection: z.boolean().default(false),
  DuplicateDetectionHistoryTimeWindow: duration.default(10 * 60_000),
};

const Queue = z.object({
  Name: z.string().min(1),
  Properties: z
    .looseObject({ ...receivedProperties, ...sentProperties })
    .prefault({}),
});

const constants = z
  .record(z.string(), z.union([z.string(), z.number(), z.boolean()]))
  .optional();
const noAction = z
  .union([z.null(), z.looseObject({ SqlExpression: z.literal("") })], {
    error: "actions of rules are not supported by the embedded runtime",
  })
  .optional();

const Rule = z.object({
  Name: z.string().min(1),
  Properties: z.discriminatedUnion("FilterType", [
    z.looseObject({
      FilterType: z.literal("Sql"),
      SqlFilter: z.looseObject({ SqlExpression: z.string().min(1) }),
      Action: noAction,
    }),
    z.looseObject({
      FilterType: z.literal("Correlation"),
      CorrelationFilter: z.looseObject({
        ContentType: optionalText,
        CorrelationId: optionalText,
        Label: optionalText,
        MessageId: optionalText,
        ReplyTo: optionalText,
        ReplyToSessionId: optionalText,
        SessionId: optionalText,
        To: optionalText,
        Properties: constants,
      }),
      Action: noAction,
    }),
  ]),
});

const Subscription = z.object({
  Name: z.string().min(1),
  Properties: z.looseObject(receivedProperties).prefault({}),
  Rules: z.array(Rule).default([]),
});

const Topic = z.object({
  Name: z.string().min(1),
  Properties: z
    .looseObject({
      ...sentProperties,
      DefaultMessageTimeToLive: duration.optional(),
    })
    .prefault({}),
  Subscriptions: z.array(Subscription).default([]),
});

/** The configuration file of the Azure Service Bus emulator. */
const Configuration = z.looseObject({
  UserConfig: z.looseObject({
    Namespaces: z
      .array(
        z.looseObject({
          Queues: z.array(Queue).default([]),
          Topics: z.array(Topic).default([]),
        }),
      )
      .length(1),
  }),
});

/**
 * The queues and topics that a configuration file of the Azure Service Bus emulator (`Config.json`) describes.
 *
 * @throws HostStartError naming the key that is malformed or not supported.
 */
export function readServiceBusConfig(file: string): ServiceBusEntities {
  let value: unknown;
  try {
    value = JSON.parse(readFileSync(file, "utf8"));
  } catch (error) {
    throw new HostStartError(`${file} ${describeReadError(error)}.`);
  }
  const parsed = Configuration.safeParse(value);
  if (!parsed.success) {
    const issue = parsed.error.issues[0];
    throw new HostStartError(
      `${file}: "${issue?.path.join(".") ?? ""}": ${issue?.message ?? "malformed"}.`,
    );
  }
  const [namespace] = parsed.data.UserConfig.Namespaces;
  return {
    queues: (namespace?.Queues ?? []).map(({ Name, Properties }) => ({
      name: Name,
      ...toReceived(Properties),
      ...toSent(Properties),
    })),
    topics: (namespace?.Topics ?? []).map(toTopic),
  };
}

function toTopic({
  Name,
  Properties,
  Subscriptions,
}: z.output<typeof Topic>): TopicDefinition {
  const { DefaultMessageTimeToLive } = Properties;
  return {
    name: Name,
    ...(DefaultMessageTimeToLive !== undefined && {
      defaultMessageTtlMs: DefaultMessageTimeToLive,
    }),
    ...toSent(Properties),
    subscriptions: Subscriptions.map(toSubscription),
  };
}

function toSubscription({
  Name,
  Properties,
  Rules,
}: z.output<typeof Subscription>): SubscriptionDefinition {
  return {
    name: Name,
    ...toReceived(Properties),
    ...(Rules.length > 0 && { rules: Rules.map(toRule) }),
  };
}

function toRule({ Name, Properties }: z.output<typeof Rule>): RuleDefinition {
  if (Properties.FilterType === "Sql")
    return {
      name: Name,
      filter: { sqlExpression: Properties.SqlFilter.SqlExpression },
    };
  const {
    ContentType: contentType,
    CorrelationId: correlationId,
    Label: subject,
    MessageId: messageId,
    ReplyTo: replyTo,
    ReplyToSessionId: replyToSessionId,
    SessionId: sessionId,
    To: to,
    Properties: applicationProperties,
  } = Properties.CorrelationFilter;
  return {
    name: Name,
    filter: {
      ...(contentType !== undefined && { contentType }),
      ...(correlationId !== undefined && { correlationId }),
      ...(subject !== undefined && { subject }),
      ...(messageId !== undefined && { messageId }),
      ...(replyTo !== undefined && { replyTo }),
      ...(replyToSessionId !== undefined && { replyToSessionId }),
      ...(sessionId !== undefined && { sessionId }),
      ...(to !== undefined && { to }),
      ...(applicationProperties !== undefined && { applicationProperties }),
    },
  };
}

function toReceived(properties: z.output<typeof Subscription>["Properties"]) {
  const {
    LockDuration,
    MaxDeliveryCount,
    DefaultMessageTimeToLive,
    DeadLetteringOnMessageExpiration,
    ForwardTo,
    ForwardDeadLetteredMessagesTo,
  } = properties;
  return {
    ...(LockDuration !== undefined && { lockDurationMs: LockDuration }),
    ...(MaxDeliveryCount !== undefined && {
      maxDeliveryCount: MaxDeliveryCount,
    }),
    ...(DefaultMessageTimeToLive !== undefined && {
      defaultMessageTtlMs: DefaultMessageTimeToLive,
    }),
    ...(DeadLetteringOnMessageExpiration !== undefined && {
      deadLetteringOnMessageExpiration: DeadLetteringOnMessageExpiration,
    }),
    ...(properties.RequiresSession && { requiresSession: true }),
    ...(ForwardTo !== undefined && { forwardTo: ForwardTo }),
    ...(ForwardDeadLetteredMessagesTo !== undefined && {
      forwardDeadLetteredMessagesTo: ForwardDeadLetteredMessagesTo,
    }),
  };
}

function toSent(properties: {
  readonly RequiresDuplicateDetection: boolean;
  readonly DuplicateDetectionHistoryTimeWindow: number;
}) {
  return properties.RequiresDuplicateDetection
    ? {
        duplicateDetectionWindowMs:
          properties.DuplicateDetectionHistoryTimeWindow,
      }
    : {};
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
