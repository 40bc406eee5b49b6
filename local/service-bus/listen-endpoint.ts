import { once } from "node:events";
import {
  createServer as createHttpServer,
  type RequestListener,
} from "node:http";
import {
  type AddressInfo,
  createServer as createTcpServer,
  type Socket,
} from "node:net";
import { createServer as createTlsServer } from "node:tls";

/** A server's certificate with its key, as PEM. */
export interface ServerCertificate {
  readonly cert: string;
  readonly key: string;
}

export interface EndpointListener {
  readonly port: number;
  /**
   * Refuses new connections, waits a moment for the clients' goodbye (`beforeWait` asks them for it), and ends what is
   * left.
   */
  close(beforeWait: () => void): Promise<void>;
}

export interface EndpointListenerOptions {
  readonly host: string;
  /** 0 for any free port. */
  readonly port: number;
  /** With it every connection is over TLS. */
  readonly tls: ServerCertificate | undefined;
  readonly serveAmqp: (socket: Socket) => void;
  readonly serveHttp: RequestListener;
}

const GOODBYE_MS = 1_000;

/**
 * Listens on one port for both protocols of Service Bus: AMQP opens with its own name, all else is HTTP. Service Bus
 * tells them apart by port; with one port a connection string names the whole endpoint, as it does on Azure. Rejects
 * with the system's code (such as EADDRINUSE) when it cannot listen.
 */
export async function listenEndpoint(
  options: EndpointListenerOptions,
): Promise<EndpointListener> {
  const http = createHttpServer(options.serveHttp);
  const server =
    options.tls === undefined
      ? createTcpServer()
      : createTlsServer({ ...options.tls });
  const fresh = new Set<Socket>();
  const withAmqp = new Set<Socket>();
  const withHttp = new Set<Socket>();
  server.on("connection", (socket: Socket) => track(fresh, socket));
  server.on(
    options.tls === undefined ? "connection" : "secureConnection",
    (socket: Socket) => {
      socket.setNoDelay(true);
      track(fresh, socket);
      whenSpoken(socket, (isAmqp) => {
        track(isAmqp ? withAmqp : withHttp, socket);
        if (isAmqp) options.serveAmqp(socket);
        else http.emit("connection", socket);
      });
    },
  );
  server.listen(options.port, options.host);
  await once(server, "listening");

  return {
    port: (server.address() as AddressInfo).port,
    async close(beforeWait) {
      const closed = once(server, "close");
      server.close();
      for (const socket of withHttp) socket.destroy();
      beforeWait();
      const hurry = setTimeout(() => {
        // With an error, because rhea does not notice a socket that merely closes.
        for (const socket of withAmqp) socket.destroy(new Error("closing"));
        for (const socket of fresh) socket.destroy();
      }, GOODBYE_MS);
      await closed;
      clearTimeout(hurry);
    },
  };
}

/** Keeps a socket in a set for as long as it lives. */
function track(sockets: Set<Socket>, socket: Socket): void {
  sockets.add(socket);
  socket.on("close", () => sockets.delete(socket));
}

/** Looks at the first bytes of a connection and gives them back for whom `serve` hands it to. */
function whenSpoken(socket: Socket, serve: (isAmqp: boolean) => void): void {
  const ignore = (): void => undefined;
  socket.on("error", ignore);
  socket.once("data", (first: Buffer) => {
    socket.pause();
    socket.unshift(first);
    serve(speaksAmqp(first));
    socket.off("error", ignore);
    process.nextTick(() => socket.resume());
  });
}

/** No method that is served here begins with a part of AMQP's protocol name. */
function speaksAmqp(first: Buffer): boolean {
  const name = Buffer.from("AMQP");
  const length = Math.min(first.length, name.length);
  return first.subarray(0, length).equals(name.subarray(0, length));
}
