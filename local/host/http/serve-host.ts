import { managementPath } from "../../durable/client-binding.ts";
import { isSameKey } from "../../durable/management.ts";
import type { Authorize } from "./authorize.ts";
import type { HttpHandler } from "./listen-http.ts";
import { sendEmpty, sendText } from "./send-json.ts";
import type { ServeAdmin } from "./serve-admin.ts";
import type { ServeFunctions } from "./serve-functions.ts";
import type { ServeKeys } from "./serve-keys.ts";
import { serveManagement } from "./serve-management.ts";
import type { Management } from "./serve-management.ts";
import { toRequestUrl } from "./to-http-request-data.ts";

export interface ServeHostOptions {
  readonly serveFunctions: ServeFunctions;
  readonly serveAdmin: ServeAdmin;
  readonly serveKeys: ServeKeys;
  /** What opens the management API; the master key does too. */
  readonly systemKey: string;
  readonly management: Management;
  readonly authorize: Authorize;
}

/** The host's public door: the app's routes, the management API, `/admin`, and a plain line at `/`. */
export function createServeHost(options: ServeHostOptions): HttpHandler {
  const { serveFunctions, serveAdmin, serveKeys, authorize } = options;
  return async (request, response) => {
    const url = toRequestUrl(request);
    if (url === undefined) {
      response.writeHead(400, { connection: "close" }).end();
      return;
    }
    // The host's own paths are the same in any case.
    const path = url.pathname.replace(
      /^\/(?:admin|runtime\/webhooks\/durabletask)(?=\/)/i,
      (own) => own.toLowerCase(),
    );
    if (path.startsWith(`${managementPath}/`)) {
      if (authorize({ level: "admin" }, request, url))
        url.searchParams.set("code", options.systemKey);
      const header = request.headers["x-functions-key"];
      const key = url.searchParams.get("code") ?? header?.toString();
      // Asked here already: whoever has no key must not fill the memory with bodies.
      if (!isSameKey(key, options.systemKey)) {
        sendEmpty(response, 401);
        return;
      }
      await serveManagement(
        options.management,
        request,
        response,
        path + url.search,
      );
    } else if (/^\/admin\/host\/ping\/?$/i.test(path)) {
      sendEmpty(response, 200);
    } else if (path.startsWith("/admin/")) {
      if (!authorize({ level: "admin" }, request, url))
        sendEmpty(response, 401);
      else if (!(await serveKeys(request, response, url)))
        await serveAdmin(request, response, path);
    } else if (await serveFunctions(request, response, url)) {
      return;
    } else if (path === "/" && request.method === "GET") {
      sendText(response, 200, {
        type: "text/plain; charset=utf-8",
        text: "The Functions host is running.\n",
      });
    } else {
      sendEmpty(response, 404);
    }
  };
}
