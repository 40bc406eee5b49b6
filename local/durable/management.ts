import { timingSafeEqual, createHash } from "node:crypto";

import { managementPath, managementUrls, rpcPath } from "./client-binding.ts";
import type { DurableEngine } from "./engine.ts";
import { createEntityRoutes } from "./entities/entity-routes.ts";
import { createInstanceRoutes } from "./instance-routes.ts";
import { createOrchestratorRoutes } from "./orchestrator-routes.ts";
import { badRequest, empty } from "./management-response.ts";

export interface ManagementRequest {
  readonly method: string;
  /** Path and query, or an absolute URL. */
  readonly url: string;
  /** Names in lower case. */
  readonly headers: Readonly<Record<string, string | string[] | undefined>>;
  readonly body: Buffer;
}

export interface ManagementResponse {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string | undefined;
}

/** A request below the API's base path. */
export interface RouteRequest {
  readonly method: string;
  /** Decoded path segments below the base. */
  readonly path: readonly string[];
  readonly query: URLSearchParams;
  readonly header: (name: string) => string | undefined;
  readonly body: Buffer;
  /** Where an instance is watched and controlled, at the host that the caller has asked. */
  readonly links: (instanceId: string) => Record<string, string>;
}

export interface ManagementHandlerOptions {
  readonly engine: Pick<DurableEngine, "client" | "entities">;
  /** What `?code=` or `x-functions-key` must say under the public path. */
  readonly systemKey: string;
  readonly hubName: string;
  /** The host's public origin, for the links in answers to requests that name no other host. */
  readonly baseUrl: () => string;
}

/**
 * Creates the durable management API: a function of the request, to be wired to any HTTP server.
 *
 * `/runtime/webhooks/durabletask/…` needs the system key. `/durabletask/…` is the loopback RPC door of the SDK's client
 * and needs none: serve that path on the loopback interface only.
 *
 * @returns undefined when the path is not the API's.
 */
export function createManagementHandler(
  options: ManagementHandlerOptions,
): (request: ManagementRequest) => Promise<ManagementResponse | undefined> {
  const { engine, hubName, systemKey, baseUrl } = options;
  const toLinks = (host: string | undefined) => (id: string) => {
    const origin = toOrigin(host, baseUrl());
    const endpoint = { origin, hubName, systemKey };
    return { ...managementUrls(endpoint, encodeURIComponent(id)), id };
  };
  const orchestrators = createOrchestratorRoutes(engine.client);
  const instances = createInstanceRoutes(engine.client);
  const entities = createEntityRoutes(engine.entities);

  return async (request) => {
    const url = new URL(request.url, "http://localhost");
    const isPublic = isBelow(url.pathname, managementPath);
    if (!isPublic && !isBelow(url.pathname, rpcPath)) return undefined;
    const header = (name: string): string | undefined => {
      const value = request.headers[name];
      return Array.isArray(value) ? value[0] : value;
    };
    const key = url.searchParams.get("code") ?? header("x-functions-key");
    if (isPublic && !isSameKey(key, systemKey)) return empty(401);
    const taskHub = readTaskHub(url.searchParams) ?? hubName;
    if (taskHub.toLowerCase() !== hubName.toLowerCase()) {
      return badRequest(
        `The task hub '${taskHub}' is not this host's: that is '${hubName}'.`,
      );
    }
    const base = isPublic ? managementPath : rpcPath;
    const path = decodePath(url.pathname.slice(base.length + 1));
    const route: RouteRequest = {
      method: request.method.toUpperCase(),
      path: path.slice(1),
      query: url.searchParams,
      header,
      body: request.body,
      links: toLinks(isPublic ? header("host") : undefined),
    };
    switch (path[0]?.toLowerCase()) {
      case "orchestrators":
        return orchestrators(route);
      case "instances":
        return instances(route);
      case "entities":
        return entities(route);
      default:
        return empty(404);
    }
  };
}

/** The origin that a Host header names: a proxy's callers reach this host by its name only. */
function toOrigin(host: string | undefined, baseUrl: string): string {
  if (host === undefined) return baseUrl;
  const origin = `${new URL(baseUrl).protocol}//${host}`;
  return URL.parse(origin)?.origin === origin ? origin : baseUrl;
}

/** The hub that the caller means, whatever the case of the parameter; undefined: the host's. */
function readTaskHub(query: URLSearchParams): string | undefined {
  const named = [...query].find(
    ([name, value]) => name.toLowerCase() === "taskhub" && value.trim() !== "",
  );
  return named?.[1];
}

function isBelow(path: string, base: string): boolean {
  return path.startsWith(`${base}/`);
}

/** Segments of a path, decoded as .NET does it; empty ones (a trailing slash) are left out. */
function decodePath(path: string): string[] {
  return path
    .split("/")
    .filter((segment) => segment !== "")
    .map((segment) =>
      segment
        .replaceAll("+", " ")
        .replaceAll(/(?:%[0-9a-f]{2})+/gi, decodeOctets),
    );
}

/** The text of percent-encoded octets; what is no UTF-8 stays as it is. */
function decodeOctets(octets: string): string {
  try {
    return decodeURIComponent(octets);
  } catch {
    return octets;
  }
}

/** Compares in constant time. */
export function isSameKey(given: string | undefined, key: string): boolean {
  if (given === undefined) return false;
  const digest = (text: string) => createHash("sha256").update(text).digest();
  return timingSafeEqual(digest(given), digest(key));
}
