import { evaluateFilter } from "./evaluate-filter.ts";
import { compare } from "./filter-operators.ts";
import { parseFilter } from "./parse-filter.ts";
import {
  type CorrelationFilter,
  FilterException,
  type FilterSubject,
  type FilterValue,
  MalformedFilter,
  type RuleDefinition,
  type SqlFilter,
  type SystemProperty,
} from "./rule-definition.ts";

/** Says whether a message matches. @throws FilterException when that cannot be said. */
export type Matches = (subject: FilterSubject) => boolean;

const MAX_NAME_LENGTH = 50;

const correlated: Readonly<
  Record<
    Exclude<keyof CorrelationFilter, "applicationProperties">,
    SystemProperty
  >
> = {
  correlationId: "correlationid",
  messageId: "messageid",
  to: "to",
  replyTo: "replyto",
  subject: "label",
  sessionId: "sessionid",
  replyToSessionId: "replytosessionid",
  contentType: "contenttype",
};

/** Makes a rule ready to match. @throws MalformedFilter for a rule that cannot work. */
export function compileRule({ name, filter }: RuleDefinition): Matches {
  if (name === "" || name.length > MAX_NAME_LENGTH) {
    throw new MalformedFilter(
      `A rule's name has 1 to ${MAX_NAME_LENGTH} characters.`,
    );
  }
  if (!isSqlFilter(filter)) return compileCorrelation(filter);
  const predicate = parseFilter(filter);
  return (subject) => evaluateFilter(predicate, subject) === true;
}

export function isSqlFilter(
  filter: SqlFilter | CorrelationFilter,
): filter is SqlFilter {
  return "sqlExpression" in filter;
}

function compileCorrelation(filter: CorrelationFilter): Matches {
  const system = Object.entries(correlated).flatMap(([key, property]) => {
    const value = filter[key as keyof typeof correlated];
    return value === undefined ? [] : [{ property, value }];
  });
  const user = Object.entries(filter.applicationProperties ?? {});
  if (system.length + user.length === 0) {
    throw new MalformedFilter("A correlation filter needs a condition.");
  }
  return (subject) =>
    system.every(({ property, value }) =>
      isSame(subject.system(property), value),
    ) && user.every(([name, value]) => isSame(subject.user(name), value));
}

/** Values of different types are different; a correlation filter does not fail. */
function isSame(actual: FilterValue | undefined, wanted: FilterValue): boolean {
  try {
    return actual !== undefined && compare("=", actual, wanted);
  } catch (error) {
    if (error instanceof FilterException) return false;
    throw error;
  }
}
