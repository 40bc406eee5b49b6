import { type ErrorCode, NucleusError } from "../kernel/errors.ts";
import type { AzureService } from "../kernel/azure-roles.ts";

/** The codes that a port's failures have. */
export interface AzureFailureCodes {
  /** Whose role is missing when the service answers 401 or 403. */
  readonly service: AzureService;
  /** The service does not answer, or answers with a fault of its own. */
  readonly unavailable: ErrorCode;
  /** The service asks to slow down. */
  readonly throttled: ErrorCode;
}

const maxRetryAfterMs = 60 * 60 * 1000;

/** How `@azure/identity` names what it throws when there is no token; the app's own credential says it by itself. */
const identityErrors: ReadonlySet<string> = new Set([
  "AggregateAuthenticationError",
  "AuthenticationError",
  "AuthenticationRequiredError",
  "CredentialUnavailableError",
]);

/**
 * Tames what an Azure SDK threw: its text, which quotes URLs, bodies and ids, is dropped. What is a NucleusError
 * already stays. Statuses that mean something to the caller (404, 409, 412) are looked at before, with `statusOf`.
 */
export function toAzureFailure(
  thrown: unknown,
  codes: AzureFailureCodes,
): NucleusError {
  if (thrown instanceof NucleusError) return thrown;
  if (thrown instanceof Error && identityErrors.has(thrown.name))
    return new NucleusError("identity_unavailable");
  const status = statusOf(thrown);
  if (status === 401 || status === 403)
    return new NucleusError("dependency_denied", {
      deniedBy: codes.service,
    });
  const retryAfterMs = retryAfterOf(thrown);
  return new NucleusError(
    status === 429 ? codes.throttled : codes.unavailable,
    retryAfterMs === undefined ? {} : { retryAfterMs },
  );
}

/** The HTTP status of an SDK's error: `statusCode` of RestError, `status` of OpenAI's, `code` of Cosmos DB's. */
export function statusOf(thrown: unknown): number | undefined {
  for (const name of ["statusCode", "status", "code"]) {
    const value = fieldOf(thrown, name);
    if (typeof value === "number") return value;
  }
  return undefined;
}

/** How long an answer (429, or 503) asks to wait, in milliseconds, bounded to an hour. */
function retryAfterOf(thrown: unknown): number | undefined {
  const given =
    fieldOf(thrown, "retryAfterInMs") ??
    millisecondsOf(headersOf(thrown), "x-ms-retry-after-ms") ??
    millisecondsOf(headersOf(thrown), "retry-after-ms") ??
    secondsOf(headersOf(thrown), "retry-after");
  return typeof given === "number" && given >= 0
    ? Math.min(given, maxRetryAfterMs)
    : undefined;
}

type HeaderReader = (name: string) => unknown;

function headersOf(thrown: unknown): HeaderReader {
  const headers =
    fieldOf(fieldOf(thrown, "response"), "headers") ??
    fieldOf(thrown, "headers");
  const get = fieldOf(headers, "get");
  return typeof get === "function"
    ? (name) => (get as HeaderReader).call(headers, name)
    : (name) => fieldOf(headers, name);
}

function millisecondsOf(
  header: HeaderReader,
  name: string,
): number | undefined {
  const value = header(name);
  return typeof value === "string" && /^\d{1,10}$/.test(value)
    ? Number(value)
    : undefined;
}

function secondsOf(header: HeaderReader, name: string): number | undefined {
  const seconds = millisecondsOf(header, name);
  return seconds === undefined ? undefined : seconds * 1000;
}

function fieldOf(value: unknown, name: string): unknown {
  return typeof value === "object" && value !== null
    ? (value as Readonly<Record<string, unknown>>)[name]
    : undefined;
}
