import type { Socket } from "node:net";
import rhea, {
  type ConnectionOptions,
  type Container,
  type Delivery,
  type Receiver,
  type Sender,
  type Typed,
} from "rhea";
import { boundConnection } from "./distrust-peer.ts";

/**
 * The parts of rhea 3 that its typings leave out. Everything that leans on rhea's inside leans on this file.
 */

interface AmqpReader {
  position: number;
  read(): Typed;
}

interface AmqpWriter {
  write(value: Typed): void;
  toBuffer(): Buffer;
}

export interface AmqpTypes {
  readonly Reader: new (buffer: Buffer) => AmqpReader;
  readonly Writer: new () => AmqpWriter;
  Map32(items: readonly Typed[]): Typed;
  List32(items: readonly Typed[]): Typed;
  Null(): Typed;
  described(descriptor: Typed, value: Typed): Typed;
  is_map(value: Typed): boolean;
  is_list(value: Typed): boolean;
  unwrap(value: Typed): unknown;
  wrap(value: unknown): Typed;
  wrap_array(items: readonly unknown[], typeCode: number): Typed;
  wrap_binary(value: Buffer): Typed;
  wrap_boolean(value: boolean): Typed;
  wrap_int(value: number): Typed;
  wrap_long(value: number | Buffer): Typed;
  wrap_string(value: string): Typed;
  wrap_symbol(value: string): Typed;
  wrap_timestamp(value: number): Typed;
  wrap_uint(value: number): Typed;
  wrap_ulong(value: number): Typed;
  wrap_uuid(value: Buffer): Typed;
}

export const amqpTypes = rhea.types as unknown as AmqpTypes;

/** A delivery state, made for the wire by `described()`. */
interface Outcome {
  described(): unknown;
}

interface AmqpMessages {
  encode(message: object): Buffer;
  decode(buffer: Buffer): Record<string, unknown>;
  accepted(): Outcome;
  rejected(fields?: {
    readonly error: {
      readonly condition: string;
      readonly description: string;
    };
  }): Outcome;
  modified(fields: {
    readonly delivery_failed?: boolean;
    readonly undeliverable_here?: boolean;
  }): Outcome;
}

export const amqpMessages = rhea.message as unknown as AmqpMessages;

/** Serves AMQP on a socket that somebody else accepted, in frames of this size at most. */
export function acceptSocket(
  container: Container,
  socket: Socket,
  options: ConnectionOptions & { readonly max_frame_size: number },
): void {
  const connection = container.create_connection(options);
  boundConnection(connection, socket, options.max_frame_size);
  (connection as unknown as { accept(socket: Socket): void }).accept(socket);
}

interface LocalAttach {
  properties?: Readonly<Record<string, Typed>>;
  snd_settle_mode?: number;
  rcv_settle_mode?: number;
  max_message_size?: number;
}

export interface SenderInternals {
  /** Transfers written so far, plus what a drain has used up. */
  readonly delivery_count: number;
  readonly credit: number;
  readonly _draining: boolean;
  readonly local: { readonly attach: LocalAttach };
  readonly session: {
    readonly outgoing: {
      available(): number;
      readonly next_pending_delivery: number;
    };
  };
  readonly connection: { _register(): void };
}

export const senderInternals = (sender: Sender): SenderInternals =>
  sender as unknown as SenderInternals;

export const localAttach = (link: Sender | Receiver): LocalAttach =>
  (link as unknown as SenderInternals).local.attach;

/** The fields of an outcome as they came, still with their AMQP types. */
export function outcomeFields(
  delivery: Delivery,
): readonly (Typed | undefined)[] {
  const state = delivery.remote_state as
    { readonly value?: readonly Typed[] } | undefined;
  return state?.value ?? [];
}

/**
 * Settles an outgoing delivery with the broker's answer. In settle mode `second` the client never confirms that, and
 * rhea would keep the slot of its ring for ever; so the slot is freed here.
 */
export function settleOutgoing(delivery: Delivery, outcome: Outcome): void {
  delivery.update(true, outcome.described());
  (delivery as { remote_settled: boolean }).remote_settled = true;
}

/** Settles an outgoing delivery that nobody will answer. */
export function presettle(delivery: Delivery): void {
  (delivery as { settled: boolean }).settled = true;
}

/**
 * Holds back the answer to an attach, which rhea is about to write, until the returned function is called: until then
 * the link is not open.
 */
export function deferAttach(link: Sender): () => void {
  const { state } = link as unknown as {
    readonly state: { local_open: boolean; open_requests: number };
  };
  state.local_open = false;
  state.open_requests = 0;
  let isHeldBack = true;
  return () => {
    if (!isHeldBack) return;
    isHeldBack = false;
    if (link.session.is_open()) (link as unknown as { open(): void }).open();
  };
}
