import { subscriptionPath } from "../service-bus/queue-definition.ts";
import type { ServiceBusEntities } from "./read-service-bus-config.ts";

/** What the local Service Bus endpoint has. Names are the same in any case, as in Azure. */
export interface LocalEntities {
  /** Whether messages can be received at the path of a queue or a subscription. */
  receivesAt(path: string): boolean;
  /** Whether messages can be sent to the queue or topic. */
  takesFor(name: string): boolean;
}

export function toLocalEntities({
  queues,
  topics,
}: ServiceBusEntities): LocalEntities {
  const names = queues.map(({ name }) => name);
  const receiving = toSetWithoutCase([
    ...names,
    ...topics.flatMap(({ name, subscriptions }) =>
      subscriptions.map((each) => subscriptionPath(name, each.name)),
    ),
  ]);
  const sending = toSetWithoutCase([
    ...names,
    ...topics.map(({ name }) => name),
  ]);
  return {
    receivesAt: (path) => receiving.has(path.toLowerCase()),
    takesFor: (name) => sending.has(name.toLowerCase()),
  };
}

function toSetWithoutCase(names: readonly string[]): ReadonlySet<string> {
  return new Set(names.map((name) => name.toLowerCase()));
}
