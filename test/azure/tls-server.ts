import { once } from "node:events";
import type { RequestListener } from "node:http";
import { createServer } from "node:https";
import type { AddressInfo } from "node:net";
import { trustedCertificate } from "./certificate.ts";

export interface TlsServer {
  /** `https://127.0.0.1:port` */
  readonly origin: string;
  /** Requests that were not answered to the end yet. */
  readonly open: () => number;
  close(): Promise<void>;
}

/** A server on loopback with the certificate that this process trusts. */
export async function startTlsServer(
  listener: RequestListener,
): Promise<TlsServer> {
  const { cert, key } = await trustedCertificate();
  let open = 0;
  const server = createServer({ cert, key }, (request, response) => {
    open += 1;
    response.on("close", () => {
      open -= 1;
    });
    listener(request, response);
  }).listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address() as AddressInfo;
  return {
    origin: `https://127.0.0.1:${port}`,
    open: () => open,
    async close() {
      server.closeAllConnections();
      server.close();
      await once(server, "close");
    },
  };
}
