import { isSqlFilter } from "../filters/compile-rule.ts";
import type {
  CorrelationFilter,
  FilterConstant,
  SqlFilter,
} from "../filters/rule-definition.ts";
import type { StoredRule } from "../rule-store.ts";
import { element, escapeXml, type Xml } from "./xml.ts";

const SQL_COMPATIBILITY_LEVEL = "20";

/** What Service Bus says of a rule. */
export function toRuleDescription({
  name,
  filter,
  createdAt,
}: StoredRule): Xml {
  return [
    isSqlFilter(filter)
      ? element("Filter", toSqlFilter(filter), 'i:type="SqlFilter"')
      : element("Filter", toCorrelation(filter), 'i:type="CorrelationFilter"'),
    element("Action", "", 'i:type="EmptyRuleAction"'),
    element("CreatedAt", new Date(createdAt).toISOString()),
    element("Name", escapeXml(name)),
  ].join("");
}

function toSqlFilter({ sqlExpression, sqlParameters }: SqlFilter): Xml {
  return [
    element("SqlExpression", escapeXml(sqlExpression)),
    element("CompatibilityLevel", SQL_COMPATIBILITY_LEVEL),
    ...toPairs("Parameters", sqlParameters),
  ].join("");
}

const correlationElements = [
  ["CorrelationId", "correlationId"],
  ["MessageId", "messageId"],
  ["To", "to"],
  ["ReplyTo", "replyTo"],
  ["Label", "subject"],
  ["SessionId", "sessionId"],
  ["ReplyToSessionId", "replyToSessionId"],
  ["ContentType", "contentType"],
] as const;

function toCorrelation(filter: CorrelationFilter): Xml {
  const fields = correlationElements.flatMap(([name, key]) => {
    const value = filter[key];
    return value === undefined ? [] : [element(name, escapeXml(value))];
  });
  const pairs = toPairs("Properties", filter.applicationProperties);
  return [...fields, ...pairs].join("");
}

function toPairs(
  name: string,
  values: Readonly<Record<string, FilterConstant>> = {},
): Xml[] {
  const pairs = Object.entries(values).map(([key, value]) =>
    element(
      "KeyValueOfstringanyType",
      element("Key", escapeXml(key)) +
        element(
          "Value",
          escapeXml(String(value)),
          `i:type="d6p1:${toXmlType(value)}" xmlns:d6p1="http://www.w3.org/2001/XMLSchema"`,
        ),
    ),
  );
  return pairs.length === 0 ? [] : [element(name, pairs.join(""))];
}

function toXmlType(value: FilterConstant): string {
  if (typeof value === "string") return "string";
  return typeof value === "boolean" ? "boolean" : "double";
}
