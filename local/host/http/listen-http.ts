import { createServer } from "node:http";
import type { IncomingMessage, ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { HostStartError } from "../host-start-error.ts";

export type HttpHandler = (
  request: IncomingMessage,
  response: ServerResponse,
) => Promise<void>;

export interface HttpListener {
  readonly port: number;
  /** Takes no new connection and lets what is under way finish; `close` when nobody may wait any longer. */
  drain(): Promise<void>;
  /** Gives the port back and cuts what is under way. */
  close(): void;
}

/** Kestrel's idle limit: longer than the load balancers and agents in front of it keep a connection. */
const keepAliveTimeoutMs = 130_000;

/** Kestrel's limits together: 8 KiB for the request line and 32 KiB for the headers, which long tokens and cookies need. */
const maxHeaderSize = 40 * 1024;

/**
 * Listens on loopback.
 *
 * @param portSetting what to change when the port is taken.
 * @throws HostStartError when the port cannot be had.
 */
export async function listenHttp(
  port: number,
  portSetting: string,
  handle: HttpHandler,
): Promise<HttpListener> {
  let isDraining = false;
  const server = createServer(
    {
      keepAliveTimeout: keepAliveTimeoutMs,
      maxHeaderSize,
      // A body may be streamed for as long as it takes.
      requestTimeout: 0,
    },
    (request, response) => {
      // Without this a client would send its next request into a connection that is about to close.
      if (isDraining) response.setHeader("connection", "close");
      // A connection whose answer was under way when draining began is idle only now.
      response.once("close", () => {
        if (isDraining) setImmediate(() => server.closeIdleConnections());
      });
      handle(request, response).catch(() => {
        if (!response.headersSent) response.writeHead(500).end();
        else response.destroy();
      });
    },
  );
  const { promise, resolve, reject } = Promise.withResolvers<void>();
  server.once("error", reject);
  server.listen(port, "127.0.0.1", resolve);
  try {
    await promise;
  } catch (error) {
    throw toListenError(error as NodeJS.ErrnoException, port, portSetting);
  }
  server.off("error", reject);
  return {
    port: (server.address() as AddressInfo).port,
    drain: () =>
      new Promise((done) => {
        isDraining = true;
        server.close(() => done());
        server.closeIdleConnections();
      }),
    close() {
      server.close();
      server.closeAllConnections();
    },
  };
}

/** The one line for a port that cannot be listened on. */
export function toListenError(
  error: NodeJS.ErrnoException,
  port: number,
  portSetting: string,
): HostStartError {
  return new HostStartError(
    error.code === "EADDRINUSE"
      ? `Port ${port} is taken. Stop the program that uses it, or set ${portSetting} to another port.`
      : `Port ${port} cannot be listened on (${error.code ?? error.name}). Set ${portSetting} to another port.`,
  );
}
