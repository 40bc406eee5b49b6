import type { HandedMessage } from "./lane-moves.ts";

/** A receiver that takes messages as they come. */
export interface Consumer {
  readonly mode: "lock" | "take";
  /** How many more messages it may be handed now. */
  capacity(): number;
  hand(message: HandedMessage): void;
  /** Called after each round in which nothing more could be handed to it. */
  onIdle(): void;
}

/** Where messages to hand out come from: a lane, or one session of it. */
export interface MessageSource {
  hasActive(): boolean;
  /** Hands out the first active message; undefined when the last ones had run out of time. */
  next(mode: "lock" | "take"): HandedMessage | undefined;
}

/** Hands the active messages of one source to its consumers. */
export interface Dispatcher {
  add(consumer: Consumer): void;
  remove(consumer: Consumer): void;
  /** Asks for a round before this turn's commit. Asking often costs one round. */
  wake(): void;
}

/**
 * Creates the dispatcher of a source. Consumers take turns, one message each, so that a greedy one cannot starve the
 * others; `transact` runs a round inside the commit loop.
 */
export function createDispatcher(options: {
  readonly source: () => MessageSource;
  readonly transact: (operation: () => void) => void;
}): Dispatcher {
  const consumers: Consumer[] = [];
  let turn = 0;
  let isAwake = false;

  const nextConsumer = (): Consumer | undefined => {
    for (let tried = 0; tried < consumers.length; tried += 1) {
      turn = (turn + 1) % consumers.length;
      const consumer = consumers[turn];
      if (consumer !== undefined && consumer.capacity() > 0) return consumer;
    }
    return undefined;
  };

  const handOut = (): void => {
    const source = options.source();
    while (source.hasActive()) {
      const consumer = nextConsumer();
      if (consumer === undefined) return;
      const message = source.next(consumer.mode);
      if (message !== undefined) consumer.hand(message);
    }
  };

  const round = (): void => {
    isAwake = false;
    if (consumers.length === 0) return;
    options.transact(handOut);
    for (const consumer of consumers) consumer.onIdle();
  };

  return {
    add: (consumer) => void consumers.push(consumer),
    remove(consumer) {
      const index = consumers.indexOf(consumer);
      if (index >= 0) consumers.splice(index, 1);
    },
    wake() {
      if (isAwake) return;
      isAwake = true;
      queueMicrotask(round);
    },
  };
}
