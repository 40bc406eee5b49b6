import {
  readMessage,
  withEnqueueSequenceNumber,
} from "./amqp/message-codec.ts";
import type { Consumer } from "./dispatcher.ts";
import type { HandedMessage } from "./lane-moves.ts";
import type {
  MessageEntity,
  MessageIntake,
  SentMessage,
} from "./message-entity.ts";

/** Takes the active messages of an entity and hands them on, in order, each in the transaction that takes it. */
export interface Forwarder {
  /** Begins, once all entities are open; what is active already goes first. */
  start(): void;
  stop(): void;
}

/** Messages that one round hands on: between rounds others have their turn. */
const ROUND = 500;

/** Creates the forwarder of an entity; `forward` runs inside the commit loop. */
export function createForwarder(options: {
  readonly from: MessageEntity;
  readonly forward: (message: SentMessage, taken: HandedMessage) => void;
}): Forwarder {
  const { from, forward } = options;
  const { dispatcher, lane } = from;
  let left = ROUND;
  let next: NodeJS.Immediate | undefined;
  const consumer: Consumer = {
    mode: "take",
    capacity: () => left,
    hand(taken) {
      left -= 1;
      forward({ ...readMessage(taken.content), hops: taken.hops }, taken);
    },
    onIdle() {
      left = ROUND;
      if (!lane.hasActive()) return;
      next = setImmediate(() => dispatcher.wake());
    },
  };
  return {
    start() {
      dispatcher.add(consumer);
      dispatcher.wake();
    },
    stop() {
      clearImmediate(next);
      dispatcher.remove(consumer);
    },
  };
}

/** As in Service Bus, a message goes on four times at most: chains that are longer, and circles, end there. */
const MAX_HOPS = 4;

/** Creates the forwarder that sends what is in an entity to another; `refuse` takes what has gone on too often. */
export function createAutoForwarder(options: {
  readonly from: MessageEntity;
  readonly to: () => MessageIntake;
  readonly refuse: (
    message: SentMessage,
    reason: string,
    description: string,
  ) => void;
  /** Changes what is sent. */
  readonly edit?: (content: Buffer) => Buffer;
}): Forwarder {
  const { from, to, refuse, edit = (content) => content } = options;
  return createForwarder({
    from,
    forward(message, { content, sequenceNumber, hops }) {
      if (hops >= MAX_HOPS) {
        refuse(
          message,
          "MaxTransferHopCountExceeded",
          `A message is forwarded ${MAX_HOPS} times at most.`,
        );
        return;
      }
      const numbered = withEnqueueSequenceNumber(content, sequenceNumber);
      to().send([
        {
          ...message,
          content: edit(numbered),
          hops: hops + 1,
          scheduledFor: undefined,
        },
      ]);
    },
  });
}
