import type {
  ServiceBusClient,
  ServiceBusMessage,
  ServiceBusSender,
} from "@azure/service-bus";
import type { CatalogedFunction } from "../function-catalogue.ts";
import { HostStartError } from "../host-start-error.ts";
import type { LocalEntities } from "../local-entities.ts";
import { readText } from "../read-text.ts";
import { findConnection, resolveSetting } from "../resolve-setting.ts";
import type { Settings } from "../resolve-setting.ts";
import { openServiceBus } from "../triggers/open-service-bus.ts";
import { readConnectionName } from "../triggers/read-queue-binding.ts";
import type {
  BindingMetadata,
  CompletedInvocation,
} from "../worker-messages.ts";
import { toServiceBusMessages } from "./to-service-bus-messages.ts";

/** What functions give to their output bindings, beside the HTTP answer. */
export interface Outputs {
  /** Sends what a completed invocation brought; when it rejects, the invocation has failed. */
  send(called: CatalogedFunction, result: CompletedInvocation): Promise<void>;
  close(): Promise<void>;
}

export interface CreateOutputsDeps {
  readonly settings: Settings;
  readonly localBroker: string;
  readonly localEntities: LocalEntities;
}

/** @throws HostStartError for an output that leads nowhere. */
export function createOutputs(
  functions: readonly CatalogedFunction[],
  deps: CreateOutputsDeps,
): Outputs {
  const clients = new Map<string, ServiceBusClient>();
  const senders = new Map<string, ServiceBusSender>();
  const byFunction = new Map(
    functions.map((called) => [
      called.name,
      Object.entries(called.metadata.bindings)
        .filter(([, { type, direction }]) => isOutput(type, direction))
        .map(([name, binding]) => ({
          name,
          open: prepareSender(called.name, binding, { deps, clients, senders }),
        })),
    ]),
  );
  return {
    async send({ name }, { returnValue, outputData = [] }) {
      for (const output of byFunction.get(name) ?? []) {
        const data =
          output.name === "$return"
            ? returnValue
            : outputData.find((each) => each.name === output.name)?.data;
        const messages = toServiceBusMessages(data ?? {});
        if (messages.length > 0) await sendAll(output.open(), messages);
      }
    },
    async close() {
      await Promise.allSettled(
        [...clients.values()].map((client) => client.close()),
      );
    },
  };
}

/** Many messages may be more than one batch holds: they go in as few as it takes, in their order. */
async function sendAll(
  sender: ServiceBusSender,
  messages: readonly ServiceBusMessage[],
): Promise<void> {
  const [first, ...others] = messages;
  if (first === undefined) return;
  if (others.length === 0) return sender.sendMessages(first);
  let batch = await sender.createMessageBatch();
  for (const message of messages) {
    if (batch.tryAddMessage(message)) continue;
    if (batch.count > 0) await sender.sendMessages(batch);
    batch = await sender.createMessageBatch();
    // One that is too large alone is refused by its name.
    if (!batch.tryAddMessage(message)) await sender.sendMessages(message);
  }
  if (batch.count > 0) await sender.sendMessages(batch);
}

function isOutput(type: string, direction: string): boolean {
  return type === "serviceBus" && direction === "out";
}

/** Looks at the binding now; the sender is opened with its first message, and shared by all bindings of its entity. */
function prepareSender(
  functionName: string,
  binding: BindingMetadata,
  shared: {
    readonly deps: CreateOutputsDeps;
    readonly clients: Map<string, ServiceBusClient>;
    readonly senders: Map<string, ServiceBusSender>;
  },
): () => ServiceBusSender {
  const { deps, clients, senders } = shared;
  const entity = resolveSetting(
    readText(binding, "queueName") ?? readText(binding, "topicName") ?? "",
    deps.settings,
    `The Service Bus output of function "${functionName}"`,
  );
  const connectionName = readConnectionName(binding["connection"]);
  const connection = findConnection(connectionName, deps.settings);
  if (connection === undefined)
    throw new HostStartError(
      `Function "${functionName}": the connection setting "${connectionName}" of its Service Bus output is not set.`,
    );
  const isMissing =
    connection.connectionString === deps.localBroker &&
    !deps.localEntities.takesFor(entity);
  if (isMissing)
    throw new HostStartError(
      `Function "${functionName}": "${entity}" of its output does not exist on the local Service Bus endpoint.`,
    );
  return () => {
    const client = clients.get(connectionName) ?? openServiceBus(connection);
    clients.set(connectionName, client);
    const key = JSON.stringify([connectionName, entity]);
    const sender = senders.get(key) ?? client.createSender(entity);
    senders.set(key, sender);
    return sender;
  };
}
