import { once } from "node:events";
import type { AddressInfo, Server, Socket } from "node:net";
import rhea, {
  type Connection,
  type EventContext,
  type ServerConnectionOptions,
} from "rhea";
import type { Broker } from "../broker.ts";
import { amqpErrors } from "./amqp-errors.ts";
import { createLinkAcceptor } from "./link-acceptor.ts";
import { describeError, type LinkContext } from "./link-context.ts";
import { receiveRawTransfers } from "./raw-transfers.ts";

export interface AmqpServer {
  readonly port: number;
  /** Refuses new connections, closes the open ones with `amqp:connection:forced`, waits a moment for their goodbye. */
  close(): Promise<void>;
}

export interface AmqpServerOptions {
  readonly host: string;
  readonly port: number;
  readonly broker: Broker;
  readonly context: LinkContext;
}

const MAX_FRAME_BYTES = 64 * 1024;
const IDLE_TIMEOUT_MS = 120_000;
const GOODBYE_MS = 1_000;

/** Listens for AMQP 1.0 connections. Rejects with the system's code (such as EADDRINUSE) when it cannot. */
export async function startAmqpServer(
  options: AmqpServerOptions,
): Promise<AmqpServer> {
  const { context } = options;
  const container = rhea.create_container({ id: "nucleus-service-bus" });
  container.sasl_server_mechanisms.enable_anonymous();
  const links = createLinkAcceptor(options.broker, context);
  const connections = new Set<Connection>();
  const forget = (connection: Connection): void => {
    connections.delete(connection);
    links.endConnection(connection);
  };

  container.on("connection_open", (event: EventContext) => {
    connections.add(event.connection);
  });
  container.on("session_open", (event: EventContext) => {
    if (event.session !== undefined) receiveRawTransfers(event.session);
  });
  container.on("session_close", (event: EventContext) => {
    if (event.session !== undefined) links.endSession(event.session);
  });
  container.on("sender_open", (event: EventContext) =>
    links.openOutgoing(event),
  );
  container.on("receiver_open", (event: EventContext) =>
    links.openIncoming(event),
  );
  container.on("connection_close", (event: EventContext) =>
    forget(event.connection),
  );
  container.on("disconnected", (event: EventContext) =>
    forget(event.connection),
  );
  logErrors(container, context);

  const server = container.listen(listenOptions(options));
  const sockets = trackSockets(server);
  await once(server, "listening");

  return {
    port: (server.address() as AddressInfo).port,
    async close() {
      const closed = once(server, "close");
      server.close();
      for (const connection of connections) {
        connection.close(amqpErrors.closing());
      }
      const hurry = setTimeout(() => {
        // With an error, because rhea does not notice a socket that merely closes.
        for (const socket of sockets) socket.destroy(new Error("closing"));
      }, GOODBYE_MS);
      await closed;
      clearTimeout(hurry);
    },
  };
}

/** rhea takes connection and link options here only; its typings leave some of them out. */
function listenOptions({ host, port }: AmqpServerOptions) {
  return {
    host,
    port,
    max_frame_size: MAX_FRAME_BYTES,
    idle_time_out: IDLE_TIMEOUT_MS,
    session_buffer_size: { incoming: 2048, outgoing: 4096 },
    sender_options: { autosettle: false, treat_modified_as_released: false },
    receiver_options: { autoaccept: false },
  } as unknown as ServerConnectionOptions;
}

function trackSockets(server: Server): ReadonlySet<Socket> {
  const sockets = new Set<Socket>();
  server.on("connection", (socket: Socket) => {
    socket.setNoDelay(true);
    sockets.add(socket);
    socket.on("close", () => sockets.delete(socket));
  });
  return sockets;
}

/** What rhea reports, by condition only: its own messages quote bytes and properties. */
function logErrors(
  container: ReturnType<typeof rhea.create_container>,
  context: LinkContext,
): void {
  const report = (what: string) => (cause: unknown) => {
    const error =
      typeof cause === "object" && cause !== null && "error" in cause
        ? cause.error
        : cause;
    context.log("warn", `service-bus: ${what}: ${describeError(error)}`);
  };
  container.on("error", report("error"));
  container.on("protocol_error", report("protocol error"));
  container.on("connection_error", report("connection error"));
  container.on("session_error", report("session error"));
  container.on("sender_error", report("link error"));
  container.on("receiver_error", report("link error"));
}
