/** What filters compare: the simple values of AMQP, whole numbers apart from others because they divide differently. */
export type FilterValue =
  string | number | bigint | boolean | Date | Buffer | null;

/** A condition in the SQL of Service Bus' subscription rules. */
export interface SqlFilter {
  readonly sqlExpression: string;
  /** Values of `@name`s; the names with their `@`. */
  readonly sqlParameters?: Readonly<Record<string, FilterConstant>>;
}

/** A message matches when each of these that is given equals its own. */
export interface CorrelationFilter {
  readonly correlationId?: string;
  readonly messageId?: string;
  readonly to?: string;
  readonly replyTo?: string;
  readonly subject?: string;
  readonly sessionId?: string;
  readonly replyToSessionId?: string;
  readonly contentType?: string;
  readonly applicationProperties?: Readonly<Record<string, FilterConstant>>;
}

export type FilterConstant = string | number | boolean;

/** A named condition under which a subscription gets a message. */
export interface RuleDefinition {
  readonly name: string;
  readonly filter: SqlFilter | CorrelationFilter;
}

/** The rule of a subscription that was given none: every message matches. */
export const defaultRule: RuleDefinition = {
  name: "$Default",
  filter: { sqlExpression: "1=1" },
};

/** What a filter looks at. */
export interface FilterSubject {
  /** A system property, by its name in lower case; null when the message does not set it. */
  system(name: SystemProperty): FilterValue;
  /** A property of the application, in any case; undefined when there is none. */
  user(name: string): FilterValue | undefined;
}

/** The system properties that filters may use, in lower case; `label` is the older name of `subject`. */
export const systemProperties = [
  "contenttype",
  "correlationid",
  "label",
  "messageid",
  "partitionkey",
  "replyto",
  "replytosessionid",
  "sessionid",
  "subject",
  "to",
] as const;

export type SystemProperty = (typeof systemProperties)[number];

/** A filter that cannot be understood; its message says where it fails. */
export class MalformedFilter extends Error {
  override readonly name = "MalformedFilter";
}

/** A filter that cannot be evaluated on a message, as when text is compared with a number. */
export class FilterException extends Error {
  override readonly name = "FilterException";
}
