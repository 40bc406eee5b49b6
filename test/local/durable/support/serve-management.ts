import {
  createServer,
  type IncomingMessage,
  type ServerResponse,
} from "node:http";
import type { AddressInfo } from "node:net";

import { createManagementHandler } from "../../../../local/durable/management.ts";
import { systemKey } from "./durable-client.ts";
import type { TestHub } from "./test-hub.ts";

export interface ServedManagement {
  readonly origin: string;
  close(): void;
}

/** Serves the management API of a hub on a loopback port. */
export async function serveManagement(hub: TestHub): Promise<ServedManagement> {
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
  handle = createManagementHandler({
    engine: hub.engine,
    systemKey,
    hubName: "TestHub",
    baseUrl: () => origin,
  });
  return {
    origin,
    close() {
      server.close();
      server.closeAllConnections();
    },
  };
}
