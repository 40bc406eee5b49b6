import { randomUUID } from "node:crypto";
import { once } from "node:events";
import {
  createServer,
  type IncomingMessage,
  type ServerResponse,
} from "node:http";
import { buffer } from "node:stream/consumers";
import type { ReceivedRequest } from "../../local/leaks/sinks.ts";

/** A subscriber on this machine: what an adapter would run to be called back. */
export interface CallbackReceiver {
  readonly url: string;
  /** The secret part of the URL. */
  readonly path: string;
  /** `host:port`, for EGRESS_ALLOW. */
  readonly authority: string;
  /** Everything that arrived so far. */
  readonly received: readonly ReceivedRequest[];
  /** Resolves with the first callback. */
  readonly first: Promise<ReceivedRequest>;
  close(): Promise<void>;
}

/** Starts a receiver on a free port of 127.0.0.1; it answers 204 to each POST of its path. */
export async function startCallbackReceiver(): Promise<CallbackReceiver> {
  const path = `/callbacks/${randomUUID()}`;
  const received: ReceivedRequest[] = [];
  const first = Promise.withResolvers<ReceivedRequest>();

  const accept = async (
    request: IncomingMessage,
    response: ServerResponse,
  ): Promise<void> => {
    if (request.method !== "POST" || request.url !== path) {
      response.writeHead(404).end();
      return;
    }
    const callback = {
      headers: request.headers,
      body: await buffer(request),
    };
    received.push(callback);
    response.writeHead(204).end();
    first.resolve(callback);
  };

  const server = createServer((request, response) => {
    accept(request, response).catch(() => response.destroy());
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const address = server.address();
  const port = typeof address === "object" && address ? address.port : 0;
  const authority = `127.0.0.1:${port}`;
  return {
    url: `http://${authority}${path}`,
    path,
    authority,
    received,
    first: first.promise,
    close: async () => {
      server.close();
      server.closeAllConnections();
      await once(server, "close");
    },
  };
}
