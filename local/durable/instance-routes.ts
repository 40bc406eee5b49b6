import type { DurableOperations, SendResult } from "./durable-operations.ts";
import { readInstanceFilter } from "./instance-filter.ts";
import { liveStatuses } from "./instance-record.ts";
import type { ManagementResponse, RouteRequest } from "./management.ts";
import {
  badRequest,
  empty,
  invalidOperation,
  json,
} from "./management-response.ts";
import { readJsonText } from "./read-json-text.ts";
import { toStartResponse } from "./start-response.ts";
import { toStatusBody } from "./status-body.ts";
import { isSet, toStatusResponse } from "./status-response.ts";

const DEFAULT_PAGE = 100;
const CONTINUATION_HEADER = "x-ms-continuation-token";

/** Creates everything below `instances/`. */
export function createInstanceRoutes(
  client: DurableOperations,
): (request: RouteRequest) => Promise<ManagementResponse> {
  return async (request) => {
    const [instanceId, operation, ...rest] = request.path;
    if (instanceId === undefined) {
      if (request.method === "GET") return listInstances(client, request);
      if (request.method === "DELETE") return purgeBy(client, request);
      return empty(404);
    }
    if (operation === undefined) {
      if (request.method === "GET") {
        return getStatus(client, request, instanceId);
      }
      if (request.method === "DELETE") return purge(client, instanceId);
      return empty(404);
    }
    if (request.method !== "POST") return empty(404);
    return control(client, request, { instanceId, operation, rest });
  };
}

async function getStatus(
  client: DurableOperations,
  request: RouteRequest,
  instanceId: string,
): Promise<ManagementResponse> {
  const record = await client.readStatus(instanceId);
  if (record === undefined) return empty(404);
  const response = toStatusResponse(client, record, request);
  const isServerError =
    record.status === "Failed" &&
    isSet(request.query, "returnInternalServerErrorOnFailure");
  return isServerError ? { ...response, status: 500 } : response;
}

async function listInstances(
  client: DurableOperations,
  { query, header }: RouteRequest,
): Promise<ManagementResponse> {
  const filter = readInstanceFilter(query);
  if (typeof filter === "string") return badRequest(filter);
  const top = Number(query.get("top") ?? DEFAULT_PAGE);
  if (!Number.isSafeInteger(top) || top < 1) {
    return badRequest("top is not a positive whole number.");
  }
  const token = header(CONTINUATION_HEADER);
  const page = client.list(filter, {
    top,
    ...(token !== undefined && token !== "" && { continuationToken: token }),
  });
  await client.recorded();
  const showInput = query.get("showInput")?.toLowerCase() !== "false";
  return json(
    200,
    page.instances.map((record) => toStatusBody(record, { showInput })),
    page.continuationToken === undefined
      ? {}
      : { [CONTINUATION_HEADER]: page.continuationToken },
  );
}

async function purgeBy(
  client: DurableOperations,
  { query }: RouteRequest,
): Promise<ManagementResponse> {
  const filter = readInstanceFilter(query);
  if (typeof filter === "string") return badRequest(filter);
  if (filter.createdFrom === undefined) {
    return json(400, "Please provide value for 'createdTimeFrom' parameter.");
  }
  // Azure passes over it, and so purges what the caller did not name.
  if (filter.instanceIdPrefix !== undefined) {
    return badRequest("instanceIdPrefix is no filter of a purge.");
  }
  return purged(await client.purgeBy(filter));
}

async function purge(
  client: DurableOperations,
  instanceId: string,
): Promise<ManagementResponse> {
  const status = client.getStatus(instanceId)?.status;
  if (status !== undefined && liveStatuses.has(status)) {
    return json(
      412,
      `Only orchestrations in a terminal state can be purged, but the orchestration with instance ID ${instanceId} has status ${status}`,
    );
  }
  return purged(await client.purge(instanceId));
}

function purged(instancesDeleted: number): ManagementResponse {
  return instancesDeleted === 0 ? empty(404) : json(200, { instancesDeleted });
}

async function control(
  client: DurableOperations,
  request: RouteRequest,
  target: {
    readonly instanceId: string;
    readonly operation: string;
    readonly rest: readonly string[];
  },
): Promise<ManagementResponse> {
  const { instanceId, rest } = target;
  const operation = target.operation.toLowerCase();
  const reason = request.query.get("reason");
  const eventName = rest[0];
  if (operation === "raiseevent" && eventName !== undefined) {
    return raiseEvent(client, request, instanceId, eventName);
  }
  if (rest.length > 0) return empty(404);
  switch (operation) {
    case "terminate":
      return sent(await client.terminate(instanceId, reason), target);
    case "suspend":
      return sent(await client.suspend(instanceId, reason), target);
    case "resume":
      return sent(await client.resume(instanceId, reason), target);
    case "rewind":
      return rewind(client, instanceId, reason);
    case "restart":
      return restart(client, request, instanceId);
    default:
      return empty(404);
  }
}

async function rewind(
  client: DurableOperations,
  instanceId: string,
  reason: string | null,
): Promise<ManagementResponse> {
  const result = await client.rewind(instanceId, reason);
  switch (result) {
    case "accepted":
      return empty(202);
    case "not-found":
      // The dollar sign is the extension's.
      return json(
        404,
        `No orchestration with instance ID "$${instanceId}" found.`,
      );
    case "not-failed":
      return json(
        412,
        `This orchestration has status ${client.getStatus(instanceId)?.status}, but only orchestrations in the "Failed" state can be rewound.`,
      );
    default:
      return result satisfies never;
  }
}

async function restart(
  client: DurableOperations,
  request: RouteRequest,
  instanceId: string,
): Promise<ManagementResponse> {
  const withNewId =
    request.query.get("restartWithNewInstanceId")?.toLowerCase() !== "false";
  const result = await client.restart(instanceId, withNewId);
  switch (result.outcome) {
    case "started":
      return toStartResponse(client, request, result.instanceId);
    case "already-exists":
      return json(409, {
        Message:
          "A non-terminal instance with this instance ID already exists.",
      });
    default:
      return badRequest(
        "InstanceId does not match a valid orchestration instance.",
      );
  }
}

async function raiseEvent(
  client: DurableOperations,
  request: RouteRequest,
  instanceId: string,
  eventName: string,
): Promise<ManagementResponse> {
  const status = client.getStatus(instanceId)?.status;
  if (status === undefined) return empty(404);
  if (!liveStatuses.has(status)) return empty(410);
  const mediaType = request.header("content-type")?.split(";")[0]?.trim();
  if (mediaType?.toLowerCase() !== "application/json") {
    return badRequest("Only application/json request content is supported");
  }
  const input = readJsonText(request.body);
  if (input === undefined) return badRequest("Invalid JSON content");
  return sent(await client.raiseEvent(instanceId, eventName, input), {
    instanceId,
    operation: "raise an event for",
  });
}

function sent(
  result: SendResult,
  target: { readonly instanceId: string; readonly operation: string },
): ManagementResponse {
  switch (result.outcome) {
    case "accepted":
      return empty(202);
    case "not-found":
      return empty(404);
    case "finished":
      return empty(410);
    case "conflict":
      return invalidOperation(
        `Cannot ${target.operation.toLowerCase()} the orchestration instance ${target.instanceId} because instance is in the ${result.status} state.`,
      );
    default:
      return result satisfies never;
  }
}
