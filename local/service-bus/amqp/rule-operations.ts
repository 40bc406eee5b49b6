import type { Typed } from "rhea";
import { isSqlFilter } from "../filters/compile-rule.ts";
import {
  type CorrelationFilter,
  type FilterConstant,
  MalformedFilter,
  type RuleDefinition,
  type SqlFilter,
} from "../filters/rule-definition.ts";
import type { RuleBook } from "../rule-book.ts";
import type { StoredRule } from "../rule-store.ts";
import { amqpErrors } from "./amqp-errors.ts";
import {
  badRequest,
  isRecord,
  type ManagementReply,
  type ManagementRequest,
  type Operation,
} from "./management-reply.ts";
import { amqpTypes } from "./rhea-internals.ts";

/** Descriptors of Service Bus' own AMQP types. */
const DESCRIPTOR = {
  sqlFilter: 83_483_426_822,
  correlationFilter: 83_483_426_825,
  ruleDescription: 1_335_734_829_060,
  emptyRuleAction: 1_335_734_829_061,
} as const;
/** The dialect of SQL that Service Bus speaks by this number. */
const COMPATIBILITY_LEVEL = 20;

/** What a client may ask of a subscription's rules. */
export const ruleOperations: Readonly<Record<string, Operation>> = {
  "com.microsoft:add-rule": ofSubscription(addRule),
  "com.microsoft:remove-rule": ofSubscription(removeRule),
  "com.microsoft:enumerate-rules": ofSubscription(listRules),
};

function ofSubscription(
  run: (rules: RuleBook, request: ManagementRequest) => ManagementReply,
): Operation {
  return ({ rules }, request) =>
    rules === undefined
      ? badRequest("Only subscriptions have rules.")
      : run(rules, request);
}

function addRule(rules: RuleBook, request: ManagementRequest): ManagementReply {
  const name = request["rule-name"];
  const description = request["rule-description"];
  if (typeof name !== "string" || !isRecord(description)) {
    return badRequest("A rule has a name and a description.");
  }
  const action = description["sql-rule-action"];
  if (isRecord(action) && typeof action["expression"] === "string") {
    return {
      status: 501,
      error: amqpErrors.notImplemented(
        "Actions of rules are not supported locally.",
      ),
    };
  }
  try {
    const isNew = rules.add({ name, filter: readFilter(description) });
    return isNew
      ? { status: 200 }
      : { status: 409, error: amqpErrors.alreadyExists(name) };
  } catch (error) {
    if (error instanceof MalformedFilter) return badRequest(error.message);
    throw error;
  }
}

function removeRule(
  rules: RuleBook,
  request: ManagementRequest,
): ManagementReply {
  const name = String(request["rule-name"]);
  return rules.remove(name)
    ? { status: 200 }
    : { status: 404, error: amqpErrors.entityNotFound(name) };
}

function listRules(
  rules: RuleBook,
  request: ManagementRequest,
): ManagementReply {
  const skip = Math.max(Number(request["skip"]) || 0, 0);
  const top = Math.max(Number(request["top"]) || 0, 0);
  const page = rules.all().slice(skip, skip + top);
  if (page.length === 0) return { status: 204 };
  return {
    status: 200,
    body: {
      rules: page.map((rule) => ({ "rule-description": describeRule(rule) })),
    },
  };
}

/** @throws MalformedFilter when the description holds none that this endpoint knows. */
function readFilter(
  description: Record<string, unknown>,
): RuleDefinition["filter"] {
  const sql = description["sql-filter"];
  if (isRecord(sql) && typeof sql["expression"] === "string") {
    return {
      sqlExpression: sql["expression"],
      ...(isRecord(sql["parameters"]) && {
        sqlParameters: readConstants(sql["parameters"]),
      }),
    };
  }
  const correlation = description["correlation-filter"];
  if (isRecord(correlation)) return readCorrelation(correlation);
  if (description["true-filter"] !== undefined) return { sqlExpression: "1=1" };
  if (description["false-filter"] !== undefined) {
    return { sqlExpression: "1=0" };
  }
  throw new MalformedFilter("A rule needs a filter.");
}

const correlationFields = [
  ["correlation-id", "correlationId"],
  ["message-id", "messageId"],
  ["to", "to"],
  ["reply-to", "replyTo"],
  ["label", "subject"],
  ["session-id", "sessionId"],
  ["reply-to-session-id", "replyToSessionId"],
  ["content-type", "contentType"],
] as const;

function readCorrelation(map: Record<string, unknown>): CorrelationFilter {
  const filter: Record<string, unknown> = {};
  for (const [key, name] of correlationFields) {
    const value = map[key];
    if (typeof value === "string") filter[name] = value;
  }
  const properties = map["properties"];
  if (isRecord(properties)) {
    filter["applicationProperties"] = readConstants(properties);
  }
  return filter;
}

function readConstants(
  map: Record<string, unknown>,
): Record<string, FilterConstant> {
  return Object.fromEntries(
    Object.entries(map).map(([name, value]) => {
      switch (typeof value) {
        case "string":
        case "number":
        case "boolean":
          return [name, value];
        default:
          throw new MalformedFilter(
            `The value of "${name}" is neither text, a number nor a boolean.`,
          );
      }
    }),
  );
}

function describeRule({ name, filter, createdAt }: StoredRule): Typed {
  return described(DESCRIPTOR.ruleDescription, [
    isSqlFilter(filter) ? describeSql(filter) : describeCorrelation(filter),
    described(DESCRIPTOR.emptyRuleAction, []),
    amqpTypes.wrap_string(name),
    amqpTypes.wrap_timestamp(createdAt),
  ]);
}

function describeSql({ sqlExpression }: SqlFilter): Typed {
  return described(DESCRIPTOR.sqlFilter, [
    amqpTypes.wrap_string(sqlExpression),
    amqpTypes.wrap_int(COMPATIBILITY_LEVEL),
  ]);
}

function describeCorrelation(filter: CorrelationFilter): Typed {
  const properties = Object.entries(filter.applicationProperties ?? {});
  const items = properties.flatMap(([name, value]) => [
    amqpTypes.wrap_string(name),
    amqpTypes.wrap(value),
  ]);
  return described(DESCRIPTOR.correlationFilter, [
    ...correlationFields.map(([, name]) => {
      const value = filter[name];
      return value === undefined
        ? amqpTypes.Null()
        : amqpTypes.wrap_string(value);
    }),
    items.length === 0 ? amqpTypes.Null() : amqpTypes.Map32(items),
  ]);
}

function described(descriptor: number, fields: readonly Typed[]): Typed {
  return amqpTypes.described(
    amqpTypes.wrap_ulong(descriptor),
    amqpTypes.List32(fields),
  );
}
