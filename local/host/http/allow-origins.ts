import type { IncomingMessage, ServerResponse } from "node:http";
import { HostStartError } from "../host-start-error.ts";
import type { HttpHandler } from "./listen-http.ts";

/** Which pages of other origins may call the host. */
export interface CorsOptions {
  /** Comma-separated; `*` alone for any. */
  readonly origins: string;
  /** Whether they may send cookies and credentials with their calls. */
  readonly allowsCredentials: boolean;
}

/**
 * Puts CORS before a handler, as Core Tools do: every method and header is allowed to the origins that are listed, and
 * preflights are answered here, before keys are asked for.
 *
 * @throws HostStartError for credentials of any origin, which browsers refuse.
 */
export function allowOrigins(
  handle: HttpHandler,
  { origins, allowsCredentials }: CorsOptions,
): HttpHandler {
  const allowed = new Set(
    origins
      .split(",")
      .map((origin) => origin.trim().replace(/\/$/, "").toLowerCase())
      .filter((origin) => origin !== ""),
  );
  if (allowed.size === 0) return handle;
  const isAny = allowed.has("*");
  if (isAny && allowsCredentials)
    throw new HostStartError(
      'CORS: credentials cannot be allowed to any origin ("*"). List the origins.',
    );
  return (request, response) => {
    const { origin } = request.headers;
    if (origin === undefined) return handle(request, response);
    const isAllowed = isAny || allowed.has(origin.toLowerCase());
    if (!isAny) response.setHeader("vary", "Origin");
    if (isAllowed) {
      response.setHeader("access-control-allow-origin", isAny ? "*" : origin);
      if (allowsCredentials)
        response.setHeader("access-control-allow-credentials", "true");
    }
    if (!isPreflight(request)) return handle(request, response);
    answerPreflight(request, response, isAllowed);
    return Promise.resolve();
  };
}

function isPreflight({ method, headers }: IncomingMessage): boolean {
  return (
    method === "OPTIONS" &&
    headers["access-control-request-method"] !== undefined
  );
}

function answerPreflight(
  { headers }: IncomingMessage,
  response: ServerResponse,
  isAllowed: boolean,
): void {
  const asked = {
    "access-control-allow-methods": headers["access-control-request-method"],
    "access-control-allow-headers": headers["access-control-request-headers"],
  };
  if (isAllowed)
    for (const [name, value] of Object.entries(asked))
      if (value !== undefined) response.setHeader(name, value);
  response.writeHead(204).end();
}
