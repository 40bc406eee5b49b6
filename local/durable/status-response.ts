import type { DurableOperations } from "./durable-operations.ts";
import { liveStatuses, type InstanceRecord } from "./instance-record.ts";
import type { ManagementResponse, RouteRequest } from "./management.ts";
import { json } from "./management-response.ts";
import { toStatusBody } from "./status-body.ts";

/** Answers an instance's status in the detail that the query asks for; 202 while the instance goes on. */
export function toStatusResponse(
  client: Pick<DurableOperations, "exportHistory">,
  record: InstanceRecord,
  { query, links }: Pick<RouteRequest, "query" | "links">,
): ManagementResponse {
  const history = isSet(query, "showHistory")
    ? client.exportHistory(record.id)
    : undefined;
  const body = toStatusBody(record, {
    showInput: query.get("showInput")?.toLowerCase() !== "false",
    showHistoryOutput: isSet(query, "showHistoryOutput"),
    ...(history !== undefined && { history }),
  });
  if (!liveStatuses.has(record.status)) return json(200, body);
  return json(202, body, {
    location: toLocation(links(record.id)["statusQueryGetUri"] ?? "", query),
    "retry-after": "5",
  });
}

/** Where to look again, in the same detail. */
function toLocation(link: string, query: URLSearchParams): string {
  const url = new URL(link);
  for (const [name, value] of query) {
    if (!url.searchParams.has(name)) url.searchParams.append(name, value);
  }
  return url.href;
}

/** Whether a query parameter says true. */
export function isSet(query: URLSearchParams, name: string): boolean {
  return query.get(name)?.toLowerCase() === "true";
}
