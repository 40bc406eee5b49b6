import type { Delivery, EventContext, Sender } from "rhea";
import type { Consumer } from "../dispatcher.ts";
import type { HandedMessage, Settlement } from "../lane-moves.ts";
import type { MessageEntity } from "../message-entity.ts";
import type { HeldSession } from "../session-desk.ts";
import { amqpErrors } from "./amqp-errors.ts";
import { createCreditGauge } from "./credit-gauge.ts";
import type { LinkContext } from "./link-context.ts";
import { toDeliveryTag } from "./lock-token.ts";
import { encodeForDelivery } from "./message-codec.ts";
import {
  amqpMessages,
  senderInternals,
  settleOutgoing,
} from "./rhea-internals.ts";
import { type OutcomeName, toSettlement } from "./to-settlement.ts";

/**
 * Serves a link on which a client receives, from a session where it holds one.
 *
 * O1. A message is handed to the link inside the transaction that counts the delivery, and sent after its commit.
 * O2. Every settlement is answered after the commit that holds it.
 * O3. When the link ends, messages that were never sent go back uncounted; locks of sent ones run until they expire.
 *
 * @returns what to call when the link has ended.
 */
export function serveOutgoingLink(
  sender: Sender,
  entity: MessageEntity,
  context: LinkContext,
  session?: HeldSession,
): () => void {
  const { lane } = entity;
  const { dispatcher } = session ?? entity;
  const gauge = createCreditGauge(sender);
  const locks = new Map<Delivery, string>();
  let isOpen = true;

  const settle = (token: string, settlement: Settlement): boolean =>
    context.transact(() => lane.settle(token, settlement));

  const send = (message: HandedMessage): void => {
    const token = message.lock?.token;
    if (!isOpen) {
      if (token !== undefined) settle(token, { event: "release" });
      return;
    }
    const bytes = encodeForDelivery(message.content, {
      ...message,
      lockedUntil: message.lock?.until,
    });
    const tag = toDeliveryTag(token ?? "");
    const delivery = gauge.send(bytes, tag);
    if (token !== undefined) locks.set(delivery, token);
  };

  const consumer: Consumer = {
    mode: sender.snd_settle_mode === 1 ? "take" : "lock",
    capacity: () => gauge.capacity(),
    hand(message) {
      gauge.reserve();
      context.afterCommit(() => send(message));
    },
    onIdle: () => context.afterCommit(() => gauge.drainIfAsked()),
  };

  const answer = (name: OutcomeName, event: EventContext): void => {
    const { delivery } = event;
    const token = delivery === undefined ? undefined : locks.get(delivery);
    if (delivery === undefined || token === undefined) return;
    locks.delete(delivery);
    const { settlement, outcome } = toSettlement(name, delivery);
    const isSettled = settle(token, settlement);
    context.afterCommit(() => {
      settleOutgoing(
        delivery,
        isSettled
          ? outcome
          : amqpMessages.rejected({ error: amqpErrors.lockLost() }),
      );
    });
  };
  for (const name of [
    "accepted",
    "rejected",
    "released",
    "modified",
  ] as const) {
    sender.on(name, (event: EventContext) => answer(name, event));
  }
  sender.on("sender_flow", () => {
    entity.touch();
    dispatcher.wake();
  });
  dispatcher.add(consumer);
  // Who waited for a session may have given credit meanwhile.
  dispatcher.wake();

  return () => {
    if (!isOpen) return;
    isOpen = false;
    dispatcher.remove(consumer);
    gauge.close();
    const { outgoing } = senderInternals(sender).session;
    for (const [delivery, token] of locks) {
      if (delivery.id < outgoing.next_pending_delivery) continue;
      settle(token, { event: "release" });
    }
    locks.clear();
  };
}
