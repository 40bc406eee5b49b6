import type { Socket } from "node:net";
import rhea, {
  type Connection,
  type ConnectionOptions,
  type EventContext,
} from "rhea";
import type { Broker } from "../broker.ts";
import { amqpErrors } from "./amqp-errors.ts";
import { boundCollections, boundDispositions } from "./distrust-peer.ts";
import { createLinkAcceptor, type TokenAccess } from "./link-acceptor.ts";
import { describeError, type LinkContext } from "./link-context.ts";
import { receiveRawTransfers } from "./raw-transfers.ts";
import { acceptSocket } from "./rhea-internals.ts";

export interface AmqpServer {
  /** Serves AMQP 1.0 on a socket; a socket over TLS is served alike. */
  accept(socket: Socket): void;
  /** Closes all connections with `amqp:connection:forced`. */
  sayGoodbye(): void;
}

export interface AmqpServerOptions {
  readonly broker: Broker;
  readonly context: LinkContext;
  /** Undefined where every client may do everything. */
  readonly access: TokenAccess | undefined;
}

const MAX_FRAME_BYTES = 64 * 1024;
const IDLE_TIMEOUT_MS = 120_000;

/** Creates the AMQP side of an endpoint: one rhea container for all its connections. */
export function createAmqpServer(options: AmqpServerOptions): AmqpServer {
  const { context } = options;
  boundCollections();
  const container = rhea.create_container({ id: "nucleus-service-bus" });
  container.sasl_server_mechanisms.enable_anonymous();
  const links = createLinkAcceptor(options.broker, context, options.access);
  const connections = new Set<Connection>();
  const forget = (connection: Connection): void => {
    connections.delete(connection);
    links.endConnection(connection);
  };

  container.on("connection_open", (event: EventContext) => {
    connections.add(event.connection);
  });
  container.on("session_open", (event: EventContext) => {
    if (event.session === undefined) return;
    receiveRawTransfers(event.session);
    boundDispositions(event.session);
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

  return {
    accept: (socket) => acceptSocket(container, socket, connectionOptions),
    sayGoodbye() {
      for (const connection of connections) {
        connection.close(amqpErrors.closing());
      }
    },
  };
}

/** rhea takes connection and link options with the connection only; its typings leave some of them out. */
const connectionOptions = {
  max_frame_size: MAX_FRAME_BYTES,
  idle_time_out: IDLE_TIMEOUT_MS,
  session_buffer_size: { incoming: 2048, outgoing: 4096 },
  sender_options: { autosettle: false, treat_modified_as_released: false },
  receiver_options: { autoaccept: false },
} as unknown as ConnectionOptions & { readonly max_frame_size: number };

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
