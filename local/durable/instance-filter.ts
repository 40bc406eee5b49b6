import type { InstanceFilter } from "./durable-operations.ts";
import { runtimeStatuses, type RuntimeStatus } from "./instance-record.ts";

/** Reads the filters of listing and purging; a text says what is malformed. */
export function readInstanceFilter(
  query: URLSearchParams,
): InstanceFilter | string {
  const createdFrom = readTime(query.get("createdTimeFrom"));
  const createdTo = readTime(query.get("createdTimeTo"));
  const statuses = readStatuses(query.getAll("runtimeStatus"));
  const prefix = query.get("instanceIdPrefix");
  if (Number.isNaN(createdFrom)) return "createdTimeFrom is not a time.";
  if (Number.isNaN(createdTo)) return "createdTimeTo is not a time.";
  if (statuses === "unknown") return "runtimeStatus names an unknown status.";
  return {
    ...(createdFrom !== undefined && { createdFrom }),
    ...(createdTo !== undefined && { createdTo }),
    ...(statuses !== undefined && { statuses }),
    ...(prefix !== null && { instanceIdPrefix: prefix }),
  };
}

/** Milliseconds; NaN when malformed, undefined when absent. */
function readTime(text: string | null): number | undefined {
  return text === null || text === "" ? undefined : Date.parse(text);
}

/** Names in the case that Azure writes them in: it passes over any other, and over the filter with it. */
function readStatuses(
  texts: readonly string[],
): RuntimeStatus[] | "unknown" | undefined {
  const names = texts
    .flatMap((text) => text.split(","))
    .map((name) => name.trim());
  if (names.every((name) => name === "")) return undefined;
  const statuses = new Set<RuntimeStatus>();
  for (const name of names) {
    const status = runtimeStatuses.find((candidate) => candidate === name);
    if (status === undefined) return "unknown";
    statuses.add(status);
  }
  return [...statuses];
}
