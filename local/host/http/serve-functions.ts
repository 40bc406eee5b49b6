import type { IncomingMessage, ServerResponse } from "node:http";
import type { CatalogedFunction } from "../function-catalogue.ts";
import type { Invoker } from "../invoker.ts";
import { parseTraceparent } from "../trace-context.ts";
import type { InvocationOutcome } from "../open-invocations.ts";
import type { Authorize } from "./authorize.ts";
import { discardBody, readBody } from "./read-body.ts";
import { readAuthLevel, readMethods, readRoute } from "./http-binding.ts";
import type { AuthLevel } from "./http-binding.ts";
import { createRouteTable } from "./route-table.ts";
import { toHttpRequestData } from "./to-http-request-data.ts";
import { writeHttpResponse } from "./write-http-response.ts";

export interface ServeFunctionsOptions {
  readonly functions: readonly CatalogedFunction[];
  readonly routePrefix: string;
  readonly invoker: Invoker;
  readonly authorize: Authorize;
  /** Largest accepted request body. */
  readonly bodyLimitBytes: number;
  /** Requests under way above this number answer 429; -1 for no limit. */
  readonly maxOutstandingRequests: number;
  readonly customHeaders: Readonly<Record<string, string>>;
}

/** Answers a request that an HTTP function's route matches; false when none does. */
export type ServeFunctions = (
  request: IncomingMessage,
  response: ServerResponse,
  url: URL,
) => Promise<boolean>;

interface Target {
  readonly called: CatalogedFunction;
  readonly authLevel: AuthLevel;
}

export function createServeFunctions(
  options: ServeFunctionsOptions,
): ServeFunctions {
  const { invoker, authorize, bodyLimitBytes, maxOutstandingRequests } =
    options;
  const customHeaders = Object.entries(options.customHeaders);
  const table = createRouteTable<Target>(
    options.routePrefix,
    options.functions.map((called) => ({
      name: called.name,
      route: readRoute(called),
      methods: readMethods(called),
      target: { called, authLevel: readAuthLevel(called) },
    })),
  );
  let outstanding = 0;

  const serve = async (
    { called, authLevel }: Target,
    params: Readonly<Record<string, string>>,
    request: IncomingMessage,
    response: ServerResponse,
    url: URL,
  ): Promise<void> => {
    for (const [name, value] of customHeaders) response.setHeader(name, value);
    if (!authorize(authLevel, request, url)) {
      response.writeHead(401).end();
      return;
    }
    const read = await readBody(request, bodyLimitBytes);
    if (read.kind === "aborted") return;
    if (read.kind === "too-large") {
      response.writeHead(413, { "content-length": 0 }).end();
      discardBody(request);
      return;
    }
    const outcome = await invoker.invoke({
      called,
      data: { http: toHttpRequestData(request, url, params, read.body) },
      traceparent: parseTraceparent(request.headers["traceparent"]),
      tracestate: readTracestate(request),
    });
    if (!response.destroyed) writeOutcome(response, outcome);
  };

  return async (request, response, url) => {
    const match = table.find(request.method ?? "GET", url.pathname);
    if (match === undefined) return false;
    if (maxOutstandingRequests >= 0 && outstanding >= maxOutstandingRequests) {
      response.writeHead(429).end();
      return true;
    }
    outstanding += 1;
    try {
      await serve(match.target, match.params, request, response, url);
    } finally {
      outstanding -= 1;
    }
    return true;
  };
}

function writeOutcome(
  response: ServerResponse,
  outcome: InvocationOutcome,
): void {
  switch (outcome.kind) {
    case "completed": {
      const http = outcome.returnValue?.http;
      writeHttpResponse(response, http);
      break;
    }
    case "failed":
    case "timeout":
      response.writeHead(500, { "content-length": 0 }).end();
      break;
    case "lost":
      response
        .writeHead(503, { "content-length": 0, "retry-after": "1" })
        .end();
      break;
    default:
      outcome satisfies never;
  }
}

function readTracestate(request: IncomingMessage): string | undefined {
  const value = request.headers["tracestate"];
  return typeof value === "string" ? value : undefined;
}
