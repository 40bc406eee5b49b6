import type { HostLogLine } from "../local/host/host-log.ts";

/** A log line: JSON for programs, one short line for people. The app's own lines are JSON already and stay as they are. */
export function toLogText(line: HostLogLine, isTerminal: boolean): string {
  const own =
    line.event === "app-output" ? parseObject(line.message) : undefined;
  if (!isTerminal)
    return own === undefined ? JSON.stringify(line) : (line.message ?? "");
  const { time, level, event, message, ...fields } = { ...line, ...own };
  const rest = Object.entries(fields).map(
    ([name, value]) => `${name}=${String(value)}`,
  );
  const words = own === undefined ? (message ?? event) : event;
  return [time.slice(11, 23), level.padEnd(11), words, ...rest].join(" ");
}

function parseObject(text = ""): Record<string, unknown> | undefined {
  if (!text.startsWith("{")) return undefined;
  try {
    return JSON.parse(text) as Record<string, unknown>;
  } catch {
    return undefined;
  }
}
