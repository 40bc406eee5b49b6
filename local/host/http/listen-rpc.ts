import { randomBytes } from "node:crypto";
import { rpcPath } from "../../durable/client-binding.ts";
import type { RpcAnswer, RpcRequest } from "../worker-messages.ts";
import { listenHttp } from "./listen-http.ts";
import type { HttpListener } from "./listen-http.ts";
import { serveManagement } from "./serve-management.ts";
import type { Management } from "./serve-management.ts";

export interface RpcListener extends HttpListener {
  /** What the durable client binding calls; ends with a slash. */
  readonly rpcBaseUrl: string;
  /** Answers what the client sends over its worker's channel as the door would. Never rejects. */
  ask(request: RpcRequest): Promise<RpcAnswer>;
}

/**
 * The loopback door of the durable client binding. Its calls carry no key, so the path itself is one: a random segment
 * that only the worker is told.
 */
export async function listenRpc(
  management: () => Management | undefined,
): Promise<RpcListener> {
  const secret = `/${randomBytes(24).toString("base64url")}`;
  const base = `${secret}${rpcPath}/`;
  const listener = await listenHttp(
    0,
    "the RPC port",
    async (request, response) => {
      const served = management();
      const url = request.url ?? "/";
      if (served !== undefined && url.startsWith(base))
        await serveManagement(
          served,
          request,
          response,
          url.slice(secret.length),
        );
      else response.writeHead(404, { "content-length": 0 }).end();
    },
  );
  return {
    ...listener,
    rpcBaseUrl: `http://127.0.0.1:${listener.port}${base}`,
    async ask({ method, path, headers, body = "" }) {
      try {
        const answer = await management()?.({
          method,
          url: `${rpcPath}/${path}`,
          headers,
          body: Buffer.from(body, "utf8"),
        });
        return answer ?? toEmptyAnswer(404);
      } catch {
        return toEmptyAnswer(500);
      }
    },
  };
}

function toEmptyAnswer(status: number): RpcAnswer {
  return { status, headers: {}, body: undefined };
}
