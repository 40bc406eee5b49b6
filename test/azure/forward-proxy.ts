import { once } from "node:events";
import { createServer as createProxy, type RequestListener } from "node:http";
import { createServer, type Server } from "node:https";
import type { AddressInfo } from "node:net";
import type { Duplex } from "node:stream";
import { generate } from "selfsigned";
import { trustedCertificate } from "./certificate.ts";

/**
 * A forward proxy behind which services of Azure answer under their own host names, over TLS: for clients that check the
 * name themselves. Every other host is refused, so nothing leaves the machine.
 */
export interface ForwardProxy {
  /** `HTTPS_PROXY` and `NO_PROXY`, for the app's environment. */
  readonly environment: Readonly<Record<"HTTPS_PROXY" | "NO_PROXY", string>>;
  /** Answers for a host, or, as `*.vault.azure.net`, for all hosts of a domain. */
  serve(host: string, listener: RequestListener): Promise<void>;
  close(): Promise<void>;
}

export async function startForwardProxy(): Promise<ForwardProxy> {
  const servers = new Map<string, Server>();
  const tunnels = new Set<Duplex>();
  const serverOf = (authority = "") => {
    const host = authority.replace(/:\d+$/, "");
    return servers.get(host) ?? servers.get(host.replace(/^[^.]+/, "*"));
  };

  const proxy = createProxy((_request, response) => {
    response.writeHead(403).end();
  })
    .on("connect", ({ url }, socket) => {
      const server = serverOf(url);
      if (!server) {
        socket.end("HTTP/1.1 403 Forbidden\r\n\r\n");
        return;
      }
      tunnels.add(socket.on("close", () => tunnels.delete(socket)));
      socket.write("HTTP/1.1 200 Connection Established\r\n\r\n");
      server.emit("connection", socket);
    })
    .listen(0, "127.0.0.1");
  await once(proxy, "listening");
  const { port } = proxy.address() as AddressInfo;

  return {
    environment: {
      HTTPS_PROXY: `http://127.0.0.1:${port}`,
      NO_PROXY: "127.0.0.1,localhost",
    },
    async serve(host, listener) {
      servers.set(host, createServer(await issueCertificate(host), listener));
    },
    async close() {
      proxy.close();
      for (const tunnel of tunnels) tunnel.destroy();
      await once(proxy, "close");
    },
  };
}

/** A certificate for the host, issued by the one that this process trusts. */
async function issueCertificate(
  host: string,
): Promise<{ readonly cert: string; readonly key: string }> {
  const ca = await trustedCertificate();
  const { cert, private: key } = await generate(
    [{ name: "commonName", value: host }],
    {
      keyType: "ec",
      algorithm: "sha256",
      ca: { key: ca.key, cert: ca.cert },
      extensions: [
        { name: "subjectAltName", altNames: [{ type: 2, value: host }] },
      ],
    },
  );
  return { cert, key };
}
