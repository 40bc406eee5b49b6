import type { z } from "zod";
import type { MetadataOnly, Tag, TraceParent } from "../kernel/metadata.ts";

/** A queue and the shape of its messages: ids and metadata only, with a schema version. */
export interface MessageChannel<S extends z.ZodType> {
  readonly queue: string;
  readonly body: S;
}

/** Declares a channel. A body that could hold content does not compile. */
export function defineChannel<S extends z.ZodType>(channel: {
  readonly queue: string;
  readonly body: S &
    (z.output<S> extends MetadataOnly<z.output<S>> ? unknown : never);
}): MessageChannel<S> {
  return channel;
}

export interface OutgoingMessage<T> {
  readonly body: T;
  /** Duplicates within the queue's window are dropped. */
  readonly messageId: Tag;
  /** When the message becomes visible, in milliseconds since the epoch; absent: at once. */
  readonly visibleAtMs?: number;
  /** The span that sends the message; what receives it continues the trace. */
  readonly traceparent?: TraceParent;
}

export interface MessageSender {
  /**
   * Sends a message; resolves when the broker has it on disk.
   *
   * @throws NucleusError service_unavailable, dependency_denied, identity_unavailable
   */
  send<S extends z.ZodType>(
    channel: MessageChannel<S>,
    message: OutgoingMessage<z.output<S>>,
  ): Promise<void>;
  /** @throws NucleusError as `send`, when messages could not be sent now */
  ping(): Promise<void>;
  close(): Promise<void>;
}
