import { HostStartError } from "../host-start-error.ts";
import { parseTimeSpanMs } from "../time-span.ts";

/** What host.json says of sessions under `extensions.serviceBus`, as it stands there. */
export interface SessionSettings {
  readonly maxConcurrentSessions?: unknown;
  readonly sessionIdleTimeout?: unknown;
}

export interface SessionOptions {
  readonly maxConcurrentSessions: number;
  readonly sessionIdleTimeoutMs: number;
}

const longestTimerMs = 2 ** 31 - 1;

/**
 * The session options, with the extension's defaults: eight sessions, each given up after a minute without a message.
 *
 * @throws HostStartError for one that is malformed.
 */
export function readSessionOptions({
  maxConcurrentSessions = 8,
  sessionIdleTimeout = "00:01:00",
}: SessionSettings): SessionOptions {
  const idleMs =
    typeof sessionIdleTimeout === "string"
      ? parseTimeSpanMs(sessionIdleTimeout)
      : undefined;
  if (idleMs === undefined || idleMs <= 0)
    throw malformed("sessionIdleTimeout", "a time span such as 00:01:00");
  if (!isCount(maxConcurrentSessions))
    throw malformed("maxConcurrentSessions", "a number from 1 on");
  return {
    maxConcurrentSessions,
    sessionIdleTimeoutMs: Math.min(idleMs, longestTimerMs),
  };
}

function isCount(value: unknown): value is number {
  return typeof value === "number" && Number.isSafeInteger(value) && value > 0;
}

function malformed(name: string, wanted: string): HostStartError {
  return new HostStartError(
    `host.json: extensions.serviceBus.${name} must be ${wanted}.`,
  );
}
