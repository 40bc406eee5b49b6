import type { ManagementResponse, RouteRequest } from "../management.ts";
import { badRequest, empty, json } from "../management-response.ts";
import { readJsonText } from "../read-json-text.ts";
import { parseValue } from "../status-body.ts";
import { createEntityId, fromSchedulerId, type EntityId } from "./entity-id.ts";
import type { EntityFilter, EntityOperations } from "./entity-operations.ts";
import type { EntityRecord } from "./entity-store.ts";

const DEFAULT_PAGE = 100;
const CONTINUATION_HEADER = "x-ms-continuation-token";
/** Stands for an empty key, which a path cannot hold. */
const EMPTY_KEY = "$";

/** Creates everything below `entities/`: list, read, signal (`POST ?op=`), and the signal "delete" (`DELETE`). */
export function createEntityRoutes(
  client: EntityOperations,
): (request: RouteRequest) => Promise<ManagementResponse> {
  return async (request) => {
    const { method } = request;
    const [name, key, ...rest] = request.path;
    if (rest.length > 0) return empty(404);
    if (name === undefined || key === undefined) {
      return method === "GET"
        ? listEntities(client, request, name)
        : empty(method === "POST" || method === "DELETE" ? 400 : 404);
    }
    const entity = createEntityId(name, key === EMPTY_KEY ? "" : key);
    if (method === "GET") return readState(client, entity);
    if (method !== "POST" && method !== "DELETE") return empty(404);
    return signal(client, request, entity);
  };
}

async function readState(
  client: EntityOperations,
  entity: EntityId,
): Promise<ManagementResponse> {
  const found = client.readState(entity);
  await client.recorded();
  return found === undefined
    ? empty(404)
    : { ...json(200, null), body: found.state };
}

async function signal(
  client: EntityOperations,
  request: RouteRequest,
  entity: EntityId,
): Promise<ManagementResponse> {
  const input = readInput(request);
  if (input === "malformed") return badRequest("Could not parse JSON content.");
  const outcome = await client.signal({
    entity,
    operation:
      request.method === "DELETE" ? "delete" : (request.query.get("op") ?? ""),
    ...input,
  });
  return outcome === "accepted"
    ? empty(202)
    : badRequest(
        `The entity function '${entity.name}' does not exist in this app.`,
      );
}

/** A JSON body is the input itself; the text of any other is one JSON string. */
function readInput({
  body,
  header,
}: RouteRequest): { readonly input?: string } | "malformed" {
  if (body.length === 0) return {};
  const mediaType = header("content-type")?.split(";")[0]?.trim().toLowerCase();
  if (mediaType !== "application/json") {
    return { input: JSON.stringify(body.toString("utf8")) };
  }
  const input = readJsonText(body);
  if (input === undefined) return "malformed";
  return input === "null" ? {} : { input };
}

async function listEntities(
  client: EntityOperations,
  { query, header }: RouteRequest,
  name: string | undefined,
): Promise<ManagementResponse> {
  const filter = readFilter(query, name);
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
  const withState = query.get("fetchState")?.toLowerCase() === "true";
  return json(
    200,
    page.entities.map((record) => toEntityBody(record, withState)),
    page.continuationToken === undefined
      ? {}
      : { [CONTINUATION_HEADER]: page.continuationToken },
  );
}

function readFilter(
  query: URLSearchParams,
  name: string | undefined,
): EntityFilter | string {
  const times: { lastOperationFrom?: number; lastOperationTo?: number } = {};
  for (const bound of ["From", "To"] as const) {
    const text = query.get(`lastOperationTime${bound}`);
    if (text === null || text === "") continue;
    const time = Date.parse(text);
    if (Number.isNaN(time)) return `lastOperationTime${bound} is not a time.`;
    times[`lastOperation${bound}`] = time;
  }
  return { ...times, ...(name !== undefined && { name: name.toLowerCase() }) };
}

function toEntityBody(
  record: EntityRecord,
  withState: boolean,
): Record<string, unknown> {
  return {
    entityId: fromSchedulerId(record.id),
    lastOperationTime: new Date(record.updatedAt).toISOString(),
    state: withState ? parseValue(record.state) : null,
  };
}
