import type { DurableOperations } from "./durable-operations.ts";
import { liveStatuses, type InstanceRecord } from "./instance-record.ts";
import type { ManagementResponse } from "./management.ts";
import { json } from "./management-response.ts";
import { toStatusBody } from "./status-body.ts";

/** Answers an instance's status in the detail that the query asks for; 202 while the instance goes on. */
export function toStatusResponse(
  client: Pick<DurableOperations, "exportHistory">,
  record: InstanceRecord,
  query: URLSearchParams,
  links: (instanceId: string) => Record<string, string>,
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
    location: links(record.id)["statusQueryGetUri"] ?? "",
    "retry-after": "5",
  });
}

/** Whether a query parameter says true. */
export function isSet(query: URLSearchParams, name: string): boolean {
  return query.get(name)?.toLowerCase() === "true";
}
