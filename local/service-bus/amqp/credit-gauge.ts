import type { Delivery, Sender } from "rhea";
import { senderInternals } from "./rhea-internals.ts";

/** How much a receiving client still wants, counting what is promised to it but not yet on the wire. */
export interface CreditGauge {
  capacity(): number;
  /** Promises one message. */
  reserve(): void;
  /** Sends a promised message. */
  send(bytes: Buffer, tag: Buffer): Delivery;
  /** Tells a client that asked for a drain that there is no more; later, when promised messages are still to go. */
  drainIfAsked(): void;
  close(): void;
}

/** Slots of rhea's ring that stay free: a full ring throws. */
const SPARE_SLOTS = 16;
const DRAIN_RETRY_MS = 5;

/**
 * Creates the gauge of a link. rhea lowers `credit` only when it writes a transfer, one tick after `send`; so the
 * promises are counted here, on the scale of the link's delivery count, which only ever rises.
 */
export function createCreditGauge(sender: Sender): CreditGauge {
  const link = senderInternals(sender);
  let promised = link.delivery_count;
  let unsent = 0;
  let retry: NodeJS.Timeout | undefined;

  const drain = (): void => {
    clearTimeout(retry);
    retry = undefined;
    if (!link._draining || !sender.is_open() || link.credit <= 0) return;
    promised = Math.max(promised, link.delivery_count);
    if (promised > link.delivery_count) {
      // The client's session window holds transfers back; to drain now would take away the credit they go on.
      retry = setTimeout(drain, DRAIN_RETRY_MS);
      return;
    }
    sender.set_drained(true);
    link.connection._register();
  };

  return {
    capacity() {
      if (!sender.is_open()) return 0;
      promised = Math.max(promised, link.delivery_count);
      return Math.min(
        link.delivery_count + link.credit - promised,
        link.session.outgoing.available() - unsent - SPARE_SLOTS,
      );
    },
    reserve() {
      promised += 1;
      unsent += 1;
    },
    send(bytes, tag) {
      unsent -= 1;
      return sender.send(bytes, tag, 0);
    },
    // rhea writes what was sent in this tick first.
    drainIfAsked: () => process.nextTick(drain),
    close() {
      clearTimeout(retry);
    },
  };
}
