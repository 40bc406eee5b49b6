import { Agent, request as sendRequest } from "node:http";
import type {
  ClientRequest,
  IncomingMessage,
  OutgoingHttpHeaders,
  ServerResponse,
} from "node:http";
import { pipeline } from "node:stream/promises";
import { drained } from "../drained.ts";
import { isHopByHop } from "./hop-by-hop.ts";

export interface StreamedRequest {
  readonly invocationId: string;
  readonly request: IncomingMessage;
  readonly response: ServerResponse;
  readonly url: URL;
  readonly bodyLimitBytes: number;
}

/**
 * The way of one request through the worker's own HTTP door and back, in pieces and both ways at the pace of the slower
 * side. The invocation goes its own way; the library brings the two together by the invocation's id.
 */
export interface Forwarding {
  /** Sends the request to the port of the worker that got the invocation. */
  start(port: number): void;
  /** Resolves when the answer was passed on as a whole; true when it was. */
  readonly done: Promise<boolean>;
  readonly isTooLarge: () => boolean;
  /** Takes the request back from the worker. */
  abort(): void;
}

const agent = new Agent({ keepAlive: true });

export function createForwarding(streamed: StreamedRequest): Forwarding {
  const { request, response, url, bodyLimitBytes } = streamed;
  const done = Promise.withResolvers<boolean>();
  let proxied: ClientRequest | undefined;
  let isTooLarge = false;

  const sendWhole = async (target: ClientRequest): Promise<void> => {
    try {
      if (await sendBody(request, target, bodyLimitBytes)) return;
      isTooLarge = true;
    } catch {
      // The client went away in the middle of its body.
    }
    target.destroy();
  };

  return {
    start(port) {
      const started = sendRequest({
        agent,
        host: "127.0.0.1",
        port,
        method: request.method,
        path: url.pathname + url.search,
        headers: toForwardedHeaders(streamed),
      });
      proxied = started;
      started.on("error", () => done.resolve(false));
      started.on("response", (answer) => {
        writeHead(answer, response);
        pipeline(answer, response).then(
          () => done.resolve(true),
          () => done.resolve(false),
        );
      });
      response.once("close", () => {
        if (!response.writableFinished) started.destroy();
      });
      void sendWhole(started);
    },
    done: done.promise,
    isTooLarge: () => isTooLarge,
    abort() {
      proxied?.destroy();
      done.resolve(false);
    },
  };
}

/** Both `x-forwarded` headers are what the library makes the function's URL of. */
function toForwardedHeaders({
  invocationId,
  request,
  url,
}: StreamedRequest): OutgoingHttpHeaders {
  const headers: OutgoingHttpHeaders = {};
  for (const [name, value] of Object.entries(request.headers))
    if (!isHopByHop(name)) headers[name] = value;
  return {
    ...headers,
    // A body of unknown length stays one.
    ...(request.headers["transfer-encoding"] !== undefined && {
      "transfer-encoding": "chunked",
    }),
    "x-ms-invocation-id": invocationId,
    "x-forwarded-host": url.host,
    "x-forwarded-proto": "http",
  };
}

/** False when the body is larger than `limit`; the request is left open so that the client can be told. */
async function sendBody(
  request: IncomingMessage,
  target: ClientRequest,
  limit: number,
): Promise<boolean> {
  let size = 0;
  const chunks = request.iterator({ destroyOnReturn: false });
  for await (const chunk of chunks as AsyncIterable<Buffer>) {
    size += chunk.length;
    if (size > limit) return false;
    // The function answered without reading on, or is gone.
    if (target.destroyed) return true;
    if (!target.write(chunk)) await drained(target);
  }
  target.end();
  return true;
}

function writeHead(answer: IncomingMessage, response: ServerResponse): void {
  for (const [name, value] of Object.entries(answer.headers))
    if (
      !isHopByHop(name) &&
      name !== "x-ms-invocation-id" &&
      value !== undefined
    )
      response.setHeader(name, value);
  response.writeHead(answer.statusCode ?? 200);
}
