import type { MessageEntity } from "./message-entity.ts";
import type { MessageQueue } from "./message-queue.ts";
import type { MessageTopic } from "./message-topic.ts";

/** Finds what an address names. */
export interface Broker {
  readonly queues: ReadonlyMap<string, MessageQueue>;
  readonly topics: ReadonlyMap<string, MessageTopic>;
  /**
   * The entity at an address such as `jobs`, `jobs/$deadletterqueue` or `events/subscriptions/all`, in any case;
   * undefined when there is none.
   */
  resolve(address: string): MessageEntity | undefined;
}

/**
 * Creates the directory of what clients can attach to.
 *
 * @throws RangeError when two entities have one name.
 */
export function createBroker(
  queues: readonly MessageQueue[],
  topics: readonly MessageTopic[],
): Broker {
  const entities = new Map<string, MessageEntity>();
  const enter = (entity: MessageEntity): void => {
    const address = entity.address.toLowerCase();
    if (entities.has(address)) {
      throw new RangeError(`Two entities are named ${entity.address}.`);
    }
    entities.set(address, entity);
  };
  const enterQueue = (queue: MessageQueue): void => {
    enter(queue.main);
    enter(queue.deadLetters);
    enter(queue.transferDeadLetters);
  };
  for (const queue of queues) enterQueue(queue);
  for (const { main, subscriptions } of topics) {
    enter(main);
    for (const { queue } of subscriptions) enterQueue(queue);
  }
  return {
    queues: new Map(queues.map((queue) => [queue.name, queue])),
    topics: new Map(topics.map((topic) => [topic.name, topic])),
    resolve: (address) =>
      entities.get(address.replace(/^\/+|\/+$/gu, "").toLowerCase()),
  };
}
