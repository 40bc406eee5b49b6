import type { DurableOperations } from "./durable-operations.ts";
import type { TraceContext } from "./history-event.ts";
import type { ManagementResponse, RouteRequest } from "./management.ts";
import { badRequest, empty, alreadyExists } from "./management-response.ts";
import { readJsonText } from "./read-json-text.ts";
import { toStartResponse } from "./start-response.ts";

/** Creates `POST orchestrators/{functionName}/{instanceId?}`. */
export function createOrchestratorRoutes(
  client: DurableOperations,
): (request: RouteRequest) => Promise<ManagementResponse> {
  return async (request) => {
    const [name, instanceId, ...rest] = request.path;
    if (name === undefined || rest.length > 0) return empty(404);
    if (request.method !== "POST") return empty(404);
    const input = readJsonText(request.body);
    if (input === undefined && request.body.length > 0) {
      return badRequest("Invalid JSON content");
    }
    const version = request.query.get("version");
    const trace = readTrace(request);
    const result = await client.start({
      name,
      ...(instanceId !== undefined && { instanceId }),
      ...(input !== undefined && { input }),
      ...(version !== null && { version }),
      ...(trace !== undefined && { trace }),
    });
    switch (result.outcome) {
      case "started":
        return toStartResponse(client, request, result.instanceId);
      case "unknown-function":
        return badRequest(
          `The orchestrator function '${name}' does not exist in this app.`,
        );
      case "invalid-instance-id":
        return badRequest(
          "An instance ID has 1 to 100 characters, none of them / \\ # ? or a control character, and does not start with @.",
        );
      case "already-exists":
        return alreadyExists(result.status);
      default:
        return result satisfies never;
    }
  };
}

function readTrace({ header }: RouteRequest): TraceContext | undefined {
  const traceparent = header("traceparent");
  const tracestate = header("tracestate");
  if (traceparent === undefined) return undefined;
  return { traceparent, ...(tracestate !== undefined && { tracestate }) };
}
