import type { ServerResponse } from "node:http";
import { managementPath } from "../../durable/client-binding.ts";
import type { FunctionSummary } from "../function-catalogue.ts";
import type { Authorize } from "./authorize.ts";
import type { HttpHandler } from "./listen-http.ts";
import type { ServeFunctions } from "./serve-functions.ts";
import { serveManagement } from "./serve-management.ts";
import type { Management } from "./serve-management.ts";
import { toRequestUrl } from "./to-http-request-data.ts";

export interface ServeHostOptions {
  readonly serveFunctions: ServeFunctions;
  readonly management: Management;
  readonly authorize: Authorize;
  readonly functions: readonly FunctionSummary[];
  readonly workerPids: () => readonly number[];
}

/** The host's public door: the app's routes, the management API, `/admin`, and a plain line at `/`. */
export function createServeHost(options: ServeHostOptions): HttpHandler {
  const { serveFunctions, management, authorize } = options;
  return async (request, response) => {
    const url = toRequestUrl(request);
    if (url === undefined) {
      response.writeHead(400, { connection: "close" }).end();
      return;
    }
    const path = url.pathname;
    if (path.startsWith(`${managementPath}/`)) {
      await serveManagement(management, request, response, path + url.search);
    } else if (path.startsWith("/admin/")) {
      if (authorize("admin", request, url))
        serveAdmin(options, path, request.method ?? "GET", response);
      else response.writeHead(401).end();
    } else if (await serveFunctions(request, response, url)) {
      return;
    } else if (path === "/" && request.method === "GET") {
      send(
        response,
        "text/plain; charset=utf-8",
        "The Functions host is running.\n",
      );
    } else {
      response.writeHead(404, { "content-length": 0 }).end();
    }
  };
}

function serveAdmin(
  { functions, workerPids }: ServeHostOptions,
  path: string,
  method: string,
  response: ServerResponse,
): void {
  if (method === "GET" && path === "/admin/host/status") {
    sendJson(response, {
      state: "Running",
      processUptime: Math.round(process.uptime() * 1000),
      workerPids: workerPids(),
    });
  } else if (method === "GET" && path === "/admin/functions") {
    sendJson(response, functions);
  } else {
    response.writeHead(404, { "content-length": 0 }).end();
  }
}

function sendJson(response: ServerResponse, value: unknown): void {
  send(response, "application/json", JSON.stringify(value));
}

function send(response: ServerResponse, type: string, text: string): void {
  response
    .writeHead(200, {
      "content-type": type,
      "content-length": Buffer.byteLength(text),
    })
    .end(text);
}
