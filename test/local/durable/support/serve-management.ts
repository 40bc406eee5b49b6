import {
  createServer,
  type IncomingMessage,
  type ServerResponse,
} from "node:http";
import type { AddressInfo } from "node:net";

import type { createManagementHandler } from "../../../../local/durable/management.ts";

export interface ServedManagement {
  readonly origin: string;
  close(): void;
}

/** Serves a management handler, made once its origin is known, on a loopback port. */
export async function serveManagement(
  create: (origin: string) => ReturnType<typeof createManagementHandler>,
): Promise<ServedManagement> {
  let handle: ReturnType<typeof createManagementHandler> | undefined;
  const answer = async (
    request: IncomingMessage,
    response: ServerResponse,
    body: Buffer,
  ): Promise<void> => {
    const answered = await handle?.({
      method: request.method ?? "GET",
      url: request.url ?? "/",
      headers: request.headers,
      body,
    });
    response.writeHead(answered?.status ?? 404, answered?.headers);
    response.end(answered?.body);
  };
  const server = createServer((request, response) => {
    const chunks: Buffer[] = [];
    request.on("data", (chunk: Buffer) => chunks.push(chunk));
    request.on("end", () => {
      void answer(request, response, Buffer.concat(chunks));
    });
  });
  await new Promise<void>((resolve) => {
    server.listen(0, "127.0.0.1", resolve);
  });
  const origin = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  handle = create(origin);
  return {
    origin,
    close() {
      server.close();
      server.closeAllConnections();
    },
  };
}
