import { subscribe } from "node:diagnostics_channel";
import type { IncomingMessage, ServerResponse } from "node:http";
import { ReadableStream } from "node:stream/web";
import { drained } from "../drained.ts";

/** Gives a streamed response back-pressure: its body is read no faster than the host takes it. */
export type PaceResponse = (invocationId: string, result: unknown) => unknown;

/**
 * The library writes a streamed body chunk by chunk without waiting for the connection, so that a slow client would
 * have the whole body in this process' memory. The responses that it writes to are found by Node's own announcement of
 * each request that a server of this process gets.
 */
export function createPaceResponse(): PaceResponse {
  const responses = new Map<string, ServerResponse>();
  subscribe("http.server.request.start", (message) => {
    const { request, response } = message as {
      request: IncomingMessage;
      response: ServerResponse;
    };
    const id = request.headers["x-ms-invocation-id"];
    if (typeof id !== "string") return;
    responses.set(id, response);
    response.once("close", () => responses.delete(id));
  });
  return (invocationId, result) => {
    const response = responses.get(invocationId);
    return response === undefined ? result : paceBody(result, response);
  };
}

interface StreamedResult {
  readonly status?: unknown;
  readonly headers?: unknown;
  readonly cookies?: unknown;
  readonly body?: unknown;
  readonly jsonBody?: unknown;
}

/** Only a body that comes in pieces needs it; a string or bytes are in memory already. */
function paceBody(result: unknown, response: ServerResponse): unknown {
  if (typeof result !== "object" || result === null) return result;
  const { status, headers, cookies, body, jsonBody } = result as StreamedResult;
  if (!isAsyncIterable(body) || (jsonBody ?? undefined) !== undefined)
    return result;
  return {
    status,
    headers,
    cookies,
    body: ReadableStream.from(takeInTurn(body, response)),
  };
}

async function* takeInTurn(
  body: AsyncIterable<unknown>,
  response: ServerResponse,
): AsyncGenerator {
  for await (const chunk of body) {
    yield chunk;
    // It is asked for the next chunk once the library has written this one.
    await drained(response);
    if (response.destroyed) return;
  }
}

function isAsyncIterable(value: unknown): value is AsyncIterable<unknown> {
  return (
    typeof value === "object" && value !== null && Symbol.asyncIterator in value
  );
}
