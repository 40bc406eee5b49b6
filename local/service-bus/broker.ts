import type { MessageEntity, MessageQueue } from "./message-queue.ts";

/** Finds what an address names. */
export interface Broker {
  readonly queues: ReadonlyMap<string, MessageQueue>;
  /** The entity at an address such as `jobs` or `jobs/$deadletterqueue`, in any case; undefined when there is none. */
  resolve(address: string): MessageEntity | undefined;
}

/** Creates the directory of the queues that clients can attach to. */
export function createBroker(queues: readonly MessageQueue[]): Broker {
  const entities = new Map<string, MessageEntity>();
  for (const queue of queues) {
    entities.set(queue.main.address.toLowerCase(), queue.main);
    entities.set(queue.deadLetters.address.toLowerCase(), queue.deadLetters);
  }
  return {
    queues: new Map(queues.map((queue) => [queue.name, queue])),
    resolve: (address) =>
      entities.get(address.replace(/^\/+|\/+$/gu, "").toLowerCase()),
  };
}
