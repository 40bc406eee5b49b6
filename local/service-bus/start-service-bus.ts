import {
  type CommitLoop,
  createCommitLoop,
} from "../../shared/storage/commit-loop.ts";
import { openDatabase } from "../../shared/storage/open-database.ts";
import { createSpaceKeeper } from "../../shared/storage/space-keeper.ts";
import { watchDatabase } from "../../shared/storage/watch-database.ts";
import { createAdministration } from "./administration/serve-administration.ts";
import { type AmqpServer, createAmqpServer } from "./amqp/amqp-server.ts";
import { createClaimsDesk } from "./amqp/claims.ts";
import type { TokenAccess } from "./amqp/link-acceptor.ts";
import type { Log } from "./amqp/link-context.ts";
import { createPutToken } from "./amqp/put-token.ts";
import type { Authorize } from "./authorize.ts";
import type { Broker } from "./broker.ts";
import { type Clock, systemClock } from "./clock.ts";
import {
  type EndpointListener,
  listenEndpoint,
  type ServerCertificate,
} from "./listen-endpoint.ts";
import type { MessageQueue } from "./message-queue.ts";
import { allQueuesOf, forwardersOf, openBroker } from "./open-broker.ts";
import { createMessageStore } from "./message-store.ts";
import {
  SERVICE_BUS_APPLICATION_ID,
  serviceBusMigrations,
} from "./migrations.ts";
import { countMessages, type QueueCounts } from "./queue-counts.ts";
import type { QueueDefinition, TopicDefinition } from "./queue-definition.ts";
import { createTimers, type Timers } from "./timers.ts";

export type { Clock } from "./clock.ts";
export type { QueueCounts } from "./queue-counts.ts";
export type { QueueDefinition, TopicDefinition } from "./queue-definition.ts";

export interface ServiceBusOptions {
  /** The SQLite file that holds the messages. */
  readonly file: string;
  readonly host: "127.0.0.1";
  /** 0 for any free port. */
  readonly port: number;
  readonly queues: readonly QueueDefinition[];
  /** Default: none. */
  readonly topics?: readonly TopicDefinition[];
  readonly log: Log;
  /** With it the endpoint speaks TLS only: AMQPS and HTTPS, which clients that sign in with tokens insist on. */
  readonly tls?: ServerCertificate;
  /**
   * With it every link and every administrative read needs a token of Entra ID that this accepts, until it expires.
   * Default: the endpoint takes every token, and links without one.
   */
  readonly authorize?: Authorize;
  /** Default: the machine's. */
  readonly clock?: Clock;
  /** Called when the file can no longer be written; memory is then ahead of it. Default: throws out of the loop. */
  readonly onFatal?: (error: unknown) => void;
}

export interface ServiceBusEndpoint {
  readonly port: number;
  /** What `new ServiceBusClient(…)` takes. */
  readonly connectionString: string;
  /** Of a queue, or of a subscription by its path. @throws RangeError when there is none of that name. */
  counts(queue: string): QueueCounts;
  /** Says goodbye to the clients, commits, closes the file. */
  close(): Promise<void>;
}

/**
 * Starts a Service Bus endpoint: AMQP 1.0 and the reads of the administration protocol, as the `@azure/service-bus`
 * clients speak them, on one port of loopback, with every accepted message on disk.
 *
 * @throws DatabaseRefused when the file is another program's; an error with `code` EADDRINUSE when the port is taken.
 */
export async function startServiceBus(
  options: ServiceBusOptions,
): Promise<ServiceBusEndpoint> {
  const clock = options.clock ?? systemClock;
  const onFatal = options.onFatal ?? rethrow;
  const database = openDatabase({
    file: options.file,
    applicationId: SERVICE_BUS_APPLICATION_ID,
    migrations: serviceBusMigrations,
    canShrink: true,
    isSoleUser: true,
  });
  watchDatabase(database, onFatal);
  const commits = createCommitLoop(database, onFatal);
  const space = createSpaceKeeper(database, commits);
  space.start();
  const transact = guardWrites(commits, onFatal);
  const timers = createTimers(clock, transact);
  const close = (): void => {
    timers.clear();
    space.stop();
    commits.flush();
    // Once more for what the first flush's effects wrote: messages that could not be sent any more go back.
    commits.flush();
    database.close();
  };

  try {
    const store = createMessageStore(database);
    const now = (): number => clock.now();
    const parts = { store, timers, now, transact };
    const broker = transact(() => openBroker(options, parts));
    const forwarders = forwardersOf(broker);
    for (const forwarder of forwarders) forwarder.start();
    const amqp = createAmqpServer({
      broker,
      context: {
        transact,
        afterCommit: (effect) => commits.afterCommit(effect),
        timers,
        now,
        log: options.log,
      },
      access: toAccess(options.authorize, timers, now),
    });
    const listener = await listen(options, broker, amqp, now);
    return {
      port: listener.port,
      connectionString: toConnectionString(options, listener.port),
      counts: (name) => countMessages(queueOf(broker, name)),
      async close() {
        await listener.close(() => amqp.sayGoodbye());
        for (const forwarder of forwarders) forwarder.stop();
        close();
      },
    };
  } catch (error) {
    close();
    throw error;
  }
}

function toAccess(
  authorize: Authorize | undefined,
  timers: Timers,
  now: () => number,
): TokenAccess | undefined {
  return (
    authorize && {
      desk: createClaimsDesk({ timers, now }),
      putToken: createPutToken({ authorize, now }),
    }
  );
}

function listen(
  { host, port, tls, authorize }: ServiceBusOptions,
  broker: Broker,
  amqp: AmqpServer,
  now: () => number,
): Promise<EndpointListener> {
  return listenEndpoint({
    host,
    port,
    tls,
    serveAmqp: (socket) => amqp.accept(socket),
    serveHttp: createAdministration({
      broker,
      authorize,
      startedAt: now(),
      isSecure: tls !== undefined,
    }),
  });
}

/** `UseDevelopmentEmulator` is how a connection string says that there is no TLS. */
function toConnectionString(
  { host, tls }: ServiceBusOptions,
  port: number,
): string {
  const secured = `Endpoint=sb://${host}:${port};SharedAccessKeyName=local;SharedAccessKey=local`;
  return tls === undefined ? `${secured};UseDevelopmentEmulator=true` : secured;
}

function queueOf(broker: Broker, name: string): MessageQueue {
  const wanted = name.toLowerCase();
  const found = allQueuesOf(broker).find(
    (queue) => queue.name.toLowerCase() === wanted,
  );
  if (found === undefined) throw new RangeError(`No queue ${name}.`);
  return found;
}

/** The commit loop's `write`, with C3 held for single writes too: one that the disk refuses is fatal. */
function guardWrites(
  commits: CommitLoop,
  onFatal: (error: unknown) => void,
): <T>(operation: () => T) => T {
  return (operation) => {
    try {
      return commits.write(operation);
    } catch (error) {
      if (isSqliteError(error)) onFatal(error);
      throw error;
    }
  };
}

function isSqliteError(error: unknown): boolean {
  return (
    error instanceof Error &&
    "code" in error &&
    error.code === "ERR_SQLITE_ERROR"
  );
}

function rethrow(error: unknown): never {
  throw error;
}
