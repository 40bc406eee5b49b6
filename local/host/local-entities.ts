import { subscriptionPath } from "../service-bus/queue-definition.ts";
import type { ServiceBusEntities } from "./read-service-bus-config.ts";

/** Paths of the local Service Bus endpoint: where messages can be received, and where they can be sent. */
export interface LocalEntities {
  readonly receiving: ReadonlySet<string>;
  readonly sending: ReadonlySet<string>;
}

export function toLocalEntities({
  queues,
  topics,
}: ServiceBusEntities): LocalEntities {
  const names = queues.map(({ name }) => name);
  return {
    receiving: new Set([
      ...names,
      ...topics.flatMap(({ name, subscriptions }) =>
        subscriptions.map((each) => subscriptionPath(name, each.name)),
      ),
    ]),
    sending: new Set([...names, ...topics.map(({ name }) => name)]),
  };
}
