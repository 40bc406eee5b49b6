import type { RunningApp } from "./running-app.ts";

/** The app's log records about that job, in order. */
export function recordsOf(
  app: RunningApp,
  jobId: string,
): readonly Readonly<Record<string, unknown>>[] {
  return app.logLines.flatMap(({ message = "" }) => {
    if (!message.startsWith("{") || !message.includes(jobId)) return [];
    return [JSON.parse(message) as Record<string, unknown>];
  });
}

/** The names of these records' events. */
export function eventsOf(app: RunningApp, jobId: string): readonly string[] {
  return recordsOf(app, jobId).map(({ event }) => String(event));
}
