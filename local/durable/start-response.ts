import type { DurableOperations } from "./durable-operations.ts";
import { liveStatuses } from "./instance-record.ts";
import type { ManagementResponse, RouteRequest } from "./management.ts";
import { badRequest, started } from "./management-response.ts";
import { toStatusResponse } from "./status-response.ts";

/**
 * Answers a start. With `timeout` and `pollingInterval` (seconds) it waits for the end for so long: 200 with the output,
 * or with the status of an instance that did not complete. Without them, or when the time is over: 202 with the links.
 */
export async function toStartResponse(
  client: DurableOperations,
  { query, links }: Pick<RouteRequest, "query" | "links">,
  instanceId: string,
): Promise<ManagementResponse> {
  const timeout = readSeconds(query.get("timeout"));
  const interval = readSeconds(query.get("pollingInterval"));
  if (timeout === undefined || interval === undefined)
    return started(links(instanceId));
  // The instance has been started nevertheless, as on Azure.
  if (interval > timeout)
    return badRequest(
      `Total timeout ${timeout} should be bigger than retry timeout ${interval}`,
    );
  // Nobody asks at intervals here: the end itself is what wakes.
  const record = await client.waitForEnd(instanceId, timeout * 1000);
  if (record === undefined || liveStatuses.has(record.status))
    return started(links(instanceId));
  if (record.status !== "Completed")
    return toStatusResponse(client, record, { query, links });
  return {
    status: 200,
    headers: { "content-type": "application/json; charset=utf-8" },
    body: record.output ?? "null",
  };
}

function readSeconds(text: string | null): number | undefined {
  const seconds = text === null || text.trim() === "" ? NaN : Number(text);
  return Number.isFinite(seconds) ? seconds : undefined;
}
