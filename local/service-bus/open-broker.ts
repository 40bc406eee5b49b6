import { type Broker, createBroker } from "./broker.ts";
import type { Forwarder } from "./forwarder.ts";
import {
  type EndpointParts,
  type MessageQueue,
  openMessageQueue,
} from "./message-queue.ts";
import { openMessageTopic } from "./message-topic.ts";
import type { QueueDefinition, TopicDefinition } from "./queue-definition.ts";

/**
 * Opens all that is defined. Nothing moves between entities before their forwarders start. Call it inside the commit
 * loop.
 *
 * @throws RangeError when a name stands twice, or a message would be forwarded to where it cannot go.
 * @throws MalformedFilter for a rule that cannot work.
 */
export function openBroker(
  definitions: {
    readonly queues: readonly QueueDefinition[];
    readonly topics?: readonly TopicDefinition[];
  },
  shared: Omit<EndpointParts, "intakeOf">,
): Broker {
  const parts: EndpointParts = {
    ...shared,
    intakeOf(name) {
      const intake = broker.resolve(name)?.intake;
      if (intake !== undefined) return intake;
      throw new RangeError(`Nothing can be forwarded to ${name}.`);
    },
  };
  const broker: Broker = createBroker(
    definitions.queues.map((definition) =>
      openMessageQueue({ definition, ...parts }),
    ),
    (definitions.topics ?? []).map((definition) =>
      openMessageTopic(definition, parts),
    ),
  );
  for (const queue of allQueuesOf(broker)) checkForwarding(queue, parts);
  // While it runs, a sweep follows a window later; starts that come sooner would put that off for ever.
  shared.store.forgetMessageIds(shared.now());
  return broker;
}

/** The queues, and what holds the messages of the subscriptions. */
export function allQueuesOf({ queues, topics }: Broker): MessageQueue[] {
  const subscriptions = [...topics.values()].flatMap((topic) =>
    topic.subscriptions.map(({ queue }) => queue),
  );
  return [...queues.values(), ...subscriptions];
}

/** What hands messages on between entities; it may start once all of them are open. */
export function forwardersOf(broker: Broker): Forwarder[] {
  return [
    ...[...broker.topics.values()].map(({ forwarder }) => forwarder),
    ...allQueuesOf(broker).flatMap(({ forwarders }) => forwarders),
  ];
}

function checkForwarding(
  { definition }: MessageQueue,
  { intakeOf }: EndpointParts,
): void {
  const { name, forwardTo, forwardDeadLetteredMessagesTo } = definition;
  if (forwardTo !== undefined && definition.requiresSession === true) {
    throw new RangeError(`${name} has sessions and cannot forward.`);
  }
  for (const target of [forwardTo, forwardDeadLetteredMessagesTo]) {
    if (target === undefined) continue;
    intakeOf(target);
    if (target.toLowerCase() === name.toLowerCase()) {
      throw new RangeError(`${name} cannot forward to itself.`);
    }
  }
}
