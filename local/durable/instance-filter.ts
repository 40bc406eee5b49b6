import type { InstanceFilter } from "./durable-operations.ts";
import { runtimeStatuses, type RuntimeStatus } from "./instance-record.ts";

/** Reads the filters of listing and purging; a text says what is malformed. */
export function readInstanceFilter(
  query: URLSearchParams,
): InstanceFilter | string {
  const createdFrom = readTime(query.get("createdTimeFrom"));
  const createdTo = readTime(query.get("createdTimeTo"));
  const statuses = readStatuses(query.get("runtimeStatus"));
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

function readStatuses(
  text: string | null,
): RuntimeStatus[] | "unknown" | undefined {
  if (text === null || text === "") return undefined;
  const statuses: RuntimeStatus[] = [];
  for (const name of text.split(",")) {
    const wanted = name.trim().toLowerCase();
    const status = runtimeStatuses.find(
      (candidate) => candidate.toLowerCase() === wanted,
    );
    if (status === undefined) return "unknown";
    if (!statuses.includes(status)) statuses.push(status);
  }
  return statuses;
}
