import type { Socket } from "node:net";
import rhea, { type Connection, type Session } from "rhea";

/** What AMQP lets nobody refuse to take. */
const SMALLEST_MAX_FRAME = 512;
/** Half of it is the longest delay of a Node timer; a longer one would fire at once, and again and again. */
const LONGEST_IDLE_MS = 2 * (2 ** 31 - 1);
/** How many elements an array of a type without bytes, such as null, may have. */
const MAX_EMPTY_ELEMENTS = 16;

interface Reader {
  remaining(): number;
  read_size_count(width: number): { size: number; count: number };
  read_array_items(count: number, type: { width: number }): unknown[];
}

interface OpenFields {
  max_frame_size: number;
  idle_time_out: number | undefined;
}

interface ConnectionInternals {
  input(bytes: Buffer): void;
  on_open(frame: { readonly performative: OpenFields }): void;
  /** Of the frame that is being collected. */
  readonly frame_size: number | undefined;
}

interface DispositionFields {
  readonly role: boolean;
  first: number;
  last: number | undefined;
}

/** A ring of deliveries. */
interface Deliveries {
  get_head(): { readonly id: number } | undefined;
  get_tail(): { readonly id: number } | undefined;
}

interface SessionInternals {
  on_disposition(frame: { readonly performative: DispositionFields }): void;
  readonly incoming: { readonly deliveries: Deliveries };
  readonly outgoing: { readonly deliveries: Deliveries };
}

/**
 * Lets rhea refuse a list, map or array that says that it has more elements than there are bytes. It reserves memory for
 * as many as are announced, and reads elements without bytes for as long as they are counted.
 */
export function boundCollections(): void {
  const { Reader } = rhea.types as unknown as {
    Reader: { prototype: Reader & { isBounded?: boolean } };
  };
  const reader = Reader.prototype;
  if (reader.isBounded === true) return;
  reader.isBounded = true;
  const readSizeCount = reader.read_size_count;
  const readArrayItems = reader.read_array_items;

  reader.read_size_count = function (width) {
    const announced = readSizeCount.call(this, width);
    if (announced.count > this.remaining()) throw tooManyElements();
    return announced;
  };
  reader.read_array_items = function (count, type) {
    if (type.width === 0 && count > MAX_EMPTY_ELEMENTS) throw tooManyElements();
    return readArrayItems.call(this, count, type);
  };
}

const tooManyElements = (): RangeError =>
  new RangeError("A collection announces more elements than it has.");

/**
 * Holds a client to the frame size that it was told, and lets it ask for neither frames that nothing fits into nor a
 * heartbeat that never rests. To be called before the connection accepts its socket.
 */
export function boundConnection(
  connection: Connection,
  socket: Socket,
  maxFrameBytes: number,
): void {
  const internals = connection as unknown as ConnectionInternals;
  const input = internals.input.bind(connection);
  const onOpen = internals.on_open.bind(connection);

  internals.input = (bytes) => {
    input(bytes);
    if ((internals.frame_size ?? 0) > maxFrameBytes)
      socket.destroy(new Error("a frame is larger than it may be"));
  };
  internals.on_open = (frame) => {
    const { performative } = frame;
    const { max_frame_size: frameSize, idle_time_out: idle } = performative;
    if (frameSize < SMALLEST_MAX_FRAME)
      performative.max_frame_size = SMALLEST_MAX_FRAME;
    if (idle !== undefined && idle > LONGEST_IDLE_MS)
      performative.idle_time_out = LONGEST_IDLE_MS;
    onOpen(frame);
  };
}

/** Lets a disposition be about the deliveries that there are: rhea counts from its first to its last, four billions even. */
export function boundDispositions(session: Session): void {
  const internals = session as unknown as SessionInternals;
  const handOn = internals.on_disposition.bind(session);
  internals.on_disposition = (frame) => {
    const { performative } = frame;
    const side = performative.role ? internals.outgoing : internals.incoming;
    const head = side.deliveries.get_head()?.id;
    const tail = side.deliveries.get_tail()?.id;
    if (head === undefined || tail === undefined) return;
    const first = Math.max(performative.first, head);
    const last = Math.min(performative.last ?? performative.first, tail);
    if (first > last) return;
    performative.first = first;
    performative.last = last;
    handOn(frame);
  };
}
