import type {
  DurableOperations,
  RewindResult,
  SendResult,
} from "./durable-operations.ts";
import { readInstanceFilter } from "./instance-filter.ts";
import type { ManagementResponse, RouteRequest } from "./management.ts";
import {
  alreadyExists,
  badRequest,
  empty,
  invalidOperation,
  json,
} from "./management-response.ts";
import { readJsonText } from "./read-json-text.ts";
import { toStartResponse } from "./start-response.ts";
import { toStatusBody } from "./status-body.ts";
import { isSet, toStatusResponse } from "./status-response.ts";

type Links = (instanceId: string) => Record<string, string>;

const DEFAULT_PAGE = 100;
const CONTINUATION_HEADER = "x-ms-continuation-token";

/** Creates everything below `instances/`. */
export function createInstanceRoutes(
  client: DurableOperations,
  links: Links,
): (request: RouteRequest) => Promise<ManagementResponse> {
  return async (request) => {
    const [instanceId, operation, ...rest] = request.path;
    if (instanceId === undefined) {
      if (request.method === "GET") return listInstances(client, request);
      if (request.method === "DELETE") return purgeBy(client, request);
      return empty(405);
    }
    if (operation === undefined) {
      if (request.method === "GET") {
        return getStatus(client, links, request, instanceId);
      }
      if (request.method === "DELETE") {
        return purged(await client.purge(instanceId));
      }
      return empty(405);
    }
    if (request.method !== "POST") return empty(405);
    return control(client, links, request, { instanceId, operation, rest });
  };
}

async function getStatus(
  client: DurableOperations,
  links: Links,
  { query }: RouteRequest,
  instanceId: string,
): Promise<ManagementResponse> {
  const record = await client.readStatus(instanceId);
  if (record === undefined) return empty(404);
  const response = toStatusResponse(client, record, query, links);
  const isServerError =
    record.status === "Failed" &&
    isSet(query, "returnInternalServerErrorOnFailure");
  return isServerError ? { ...response, status: 500 } : response;
}

async function listInstances(
  client: DurableOperations,
  { query, header }: RouteRequest,
): Promise<ManagementResponse> {
  const filter = readInstanceFilter(query);
  if (typeof filter === "string") return badRequest(filter);
  const top = Number(query.get("top") ?? DEFAULT_PAGE);
  if (!Number.isInteger(top) || top < 1) {
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
    return badRequest("createdTimeFrom is needed.");
  }
  return purged(await client.purgeBy(filter));
}

function purged(instancesDeleted: number): ManagementResponse {
  return instancesDeleted === 0 ? empty(404) : json(200, { instancesDeleted });
}

async function control(
  client: DurableOperations,
  links: Links,
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
      return sent(await client.terminate(instanceId, reason), operation);
    case "suspend":
      return sent(await client.suspend(instanceId, reason), operation);
    case "resume":
      return sent(await client.resume(instanceId, reason), operation);
    case "rewind":
      return rewound(await client.rewind(instanceId, reason));
    case "restart":
      return restart(client, links, request, instanceId);
    default:
      return empty(404);
  }
}

function rewound(result: RewindResult): ManagementResponse {
  switch (result) {
    case "accepted":
      return empty(202);
    case "not-found":
      return empty(404);
    case "not-failed":
      return json(
        412,
        "The rewind operation is only supported on failed orchestration instances.",
      );
    default:
      return result satisfies never;
  }
}

async function restart(
  client: DurableOperations,
  links: Links,
  { query }: RouteRequest,
  instanceId: string,
): Promise<ManagementResponse> {
  const withNewId =
    query.get("restartWithNewInstanceId")?.toLowerCase() !== "false";
  const result = await client.restart(instanceId, withNewId);
  switch (result.outcome) {
    case "started":
      return toStartResponse(client, query, links, result.instanceId);
    case "already-exists":
      return alreadyExists(result.status);
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
  const mediaType = request.header("content-type")?.split(";")[0]?.trim();
  if (mediaType?.toLowerCase() !== "application/json") {
    return badRequest("Only application/json request content is supported.");
  }
  const input = readJsonText(request.body);
  if (input === undefined) {
    return badRequest("The request content is not valid JSON.");
  }
  return sent(
    await client.raiseEvent(instanceId, eventName, input),
    "raiseEvent",
  );
}

function sent(result: SendResult, operation: string): ManagementResponse {
  switch (result.outcome) {
    case "accepted":
      return empty(202);
    case "not-found":
      return empty(404);
    case "finished":
      return empty(410);
    case "conflict":
      return invalidOperation(
        `Cannot ${operation} an orchestration instance in the ${result.status} status.`,
      );
    default:
      return result satisfies never;
  }
}
