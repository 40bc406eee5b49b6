import {
  type CommitLoop,
  createCommitLoop,
} from "../../shared/storage/commit-loop.ts";
import { openDatabase } from "../../shared/storage/open-database.ts";
import { startAmqpServer } from "./amqp/amqp-server.ts";
import type { Log } from "./amqp/link-context.ts";
import { type Broker, createBroker } from "./broker.ts";
import { type Clock, systemClock } from "./clock.ts";
import { openMessageQueue } from "./message-queue.ts";
import {
  createMessageStore,
  SERVICE_BUS_APPLICATION_ID,
  serviceBusMigrations,
} from "./message-store.ts";
import type { QueueDefinition } from "./queue-definition.ts";
import { createTimers } from "./timers.ts";

export type { Clock } from "./clock.ts";
export type { QueueDefinition } from "./queue-definition.ts";

export interface ServiceBusOptions {
  /** The SQLite file that holds the messages. */
  readonly file: string;
  readonly host: "127.0.0.1";
  /** 0 for any free port. */
  readonly port: number;
  readonly queues: readonly QueueDefinition[];
  readonly log: Log;
  /** Default: the machine's. */
  readonly clock?: Clock;
  /** Called when the file can no longer be written; memory is then ahead of it. Default: throws out of the loop. */
  readonly onFatal?: (error: unknown) => void;
}

export interface QueueCounts {
  /** Messages that wait or are locked by a receiver. */
  readonly active: number;
  readonly scheduled: number;
  readonly deferred: number;
  readonly deadLettered: number;
}

export interface ServiceBusEndpoint {
  readonly port: number;
  /** What `new ServiceBusClient(…)` takes. */
  readonly connectionString: string;
  /** @throws RangeError when no queue has that name. */
  counts(queue: string): QueueCounts;
  /** Says goodbye to the clients, commits, closes the file. */
  close(): Promise<void>;
}

/**
 * Starts a Service Bus endpoint: AMQP 1.0 on loopback, as the `@azure/service-bus` client speaks it, with every
 * accepted message on disk.
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
  });
  const commits = createCommitLoop(database, onFatal);
  const transact = guardWrites(commits, onFatal);
  const timers = createTimers(clock, transact);
  const close = (): void => {
    timers.clear();
    commits.flush();
    // Once more for what the first flush's effects wrote: messages that could not be sent any more go back.
    commits.flush();
    database.close();
  };

  try {
    const store = createMessageStore(database);
    const queues = transact(() =>
      options.queues.map((definition) =>
        openMessageQueue({
          definition,
          store,
          timers,
          now: () => clock.now(),
          transact,
        }),
      ),
    );
    const broker = createBroker(queues);
    const server = await startAmqpServer({
      host: options.host,
      port: options.port,
      broker,
      context: {
        transact,
        afterCommit: (effect) => commits.afterCommit(effect),
        log: options.log,
      },
    });
    return {
      port: server.port,
      connectionString: `Endpoint=sb://${options.host}:${server.port};SharedAccessKeyName=local;SharedAccessKey=local;UseDevelopmentEmulator=true`,
      counts: (name) => countsOf(broker, name),
      async close() {
        await server.close();
        close();
      },
    };
  } catch (error) {
    close();
    throw error;
  }
}

function countsOf(broker: Broker, name: string): QueueCounts {
  const queue = broker.queues.get(name);
  if (queue === undefined) throw new RangeError(`No queue ${name}.`);
  const { counts } = queue.main.lane;
  return {
    active: counts.active + counts.locked,
    scheduled: counts.scheduled,
    deferred: counts.deferred + counts.deferredLocked,
    deadLettered: queue.deadLetters.lane.size,
  };
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
