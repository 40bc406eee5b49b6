import { createServer, type RequestListener } from "node:http";
import { createServer as createTlsServer } from "node:https";
import type { AddressInfo } from "node:net";
import { onTestFinished } from "vitest";

export interface TestServer {
  readonly port: number;
  /** `host:port`, as EGRESS_ALLOW lists it. */
  readonly host: string;
  readonly origin: string;
  /** TCP connections so far. */
  readonly connections: () => number;
}

/** A server on loopback for one test. With `tls` it speaks https as `localhost`. */
export async function serve(
  listener: RequestListener,
  tls?: { readonly key: string; readonly cert: string },
): Promise<TestServer> {
  const server = tls ? createTlsServer(tls, listener) : createServer(listener);
  let connections = 0;
  server.on("connection", () => {
    connections += 1;
  });
  const { promise, resolve } = Promise.withResolvers<void>();
  server.listen(0, "127.0.0.1", resolve);
  await promise;
  onTestFinished(() => {
    server.closeAllConnections();
    server.close();
  });
  const { port } = server.address() as AddressInfo;
  const host = `${tls ? "localhost" : "127.0.0.1"}:${port}`;
  const origin = `${tls ? "https" : "http"}://${host}`;
  return { port, host, origin, connections: () => connections };
}
