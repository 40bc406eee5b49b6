export type LogLevel =
  "trace" | "debug" | "information" | "warning" | "error" | "critical";

/**
 * One structured line. Host lines hold names, ids, counts, durations and codes only; nothing that came in with an
 * invocation (inputs, outputs, query strings, header values, error texts). `message` is filled for the app's own lines
 * (event `app-log`, `app-output`) and for fixed host texts.
 */
export interface HostLogLine {
  readonly time: string;
  readonly level: LogLevel;
  readonly event: string;
  readonly message?: string;
  readonly functionName?: string;
  readonly invocationId?: string;
  readonly durationMs?: number;
  readonly outcome?: string;
  readonly errorName?: string;
  readonly errorCode?: string;
  readonly pid?: number;
  readonly exitCode?: number;
  readonly signal?: string;
  readonly delayMs?: number;
  readonly count?: number;
  readonly queue?: string;
  readonly statusCode?: number;
}

export type HostLogFields = Omit<HostLogLine, "time" | "level" | "event">;

/** Writes one line; the time is added here. */
export type HostLog = (
  level: LogLevel,
  event: string,
  fields?: HostLogFields,
) => void;

export function createHostLog(write: (line: HostLogLine) => void): HostLog {
  return (level, event, fields) =>
    write({ time: new Date().toISOString(), level, event, ...fields });
}

/** The level names of the host's own parts, in those of Functions. */
export function toLogLevel(
  level: "debug" | "info" | "warn" | "error",
): LogLevel {
  if (level === "info") return "information";
  return level === "warn" ? "warning" : level;
}
