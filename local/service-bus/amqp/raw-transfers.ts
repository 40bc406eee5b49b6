import type { Session } from "rhea";
import { MAX_MESSAGE_BYTES } from "./amqp-errors.ts";

/** Stands for message format 0, so that rhea hands the bytes on instead of decoding them. */
const RAW_FORMAT = 0xffffff00;
export const BATCH_FORMAT = 0x80013700;

interface TransferFrame {
  readonly performative: {
    handle: number;
    message_format: number | undefined;
    readonly more: boolean | undefined;
  };
  payload?: Buffer | undefined;
}

interface SessionInternals {
  on_transfer(frame: TransferFrame): void;
}

/**
 * Lets the messages of a session arrive as the bytes that were sent. rhea would decode messages of format 0, and a
 * decoded message cannot be encoded again without losing AMQP types. What a message has beyond the size limit is not
 * kept: its receiver sees that it is too long, and refuses it.
 */
export function receiveRawTransfers(session: Session): void {
  const internals = session as unknown as SessionInternals;
  const received = new Map<number, number>();
  const handOn = internals.on_transfer.bind(session);

  internals.on_transfer = (frame) => {
    const { performative } = frame;
    if (performative.message_format === 0) {
      performative.message_format = RAW_FORMAT;
    }
    const bytes = received.get(performative.handle) ?? 0;
    if (performative.more === true) {
      received.set(performative.handle, bytes + (frame.payload?.length ?? 0));
    } else {
      received.delete(performative.handle);
    }
    if (bytes > MAX_MESSAGE_BYTES) frame.payload = undefined;
    handOn(frame);
  };
}
