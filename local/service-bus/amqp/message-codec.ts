import { randomUUID } from "node:crypto";
import type { Typed } from "rhea";
import { amqpTypes } from "./rhea-internals.ts";
import {
  MalformedMessage,
  readBinary,
  SECTION,
  type Section,
  splitSections,
} from "./message-sections.ts";

/** What the broker reads out of a message that a client sends. */
export interface ReadMessage {
  /** The message as it is stored: with a message id, whoever gave it. */
  readonly content: Buffer;
  readonly messageId: string;
  readonly ttlMs: number | undefined;
  /** Milliseconds since the epoch. */
  readonly scheduledFor: number | undefined;
  readonly sessionId: string | undefined;
}

/** What the broker tells a receiver about a message, beside what the sender wrote. */
export interface DeliveryFacts {
  readonly deliveryCount: number;
  readonly sequenceNumber: number;
  /** Milliseconds since the epoch, as `lockedUntil`. */
  readonly enqueuedAt: number;
  readonly lockedUntil?: number | undefined;
  /** How long the message lives: what its sender said, or what the entity allows when that is less. */
  readonly ttlMs?: number | undefined;
  /** Given where a state is shown (peek): 0 active, 1 deferred, 2 scheduled. */
  readonly state?: number;
}

/** A map entry of message annotations or application properties. */
export type MapEntry = readonly [key: string, value: Typed];

const MESSAGE_ID_FIELD = 0;
const GROUP_ID_FIELD = 10;
const TTL_FIELD = 2;
const DELIVERY_COUNT_FIELD = 4;
/** The longest time to live that a header can hold. */
const MAX_TTL_MS = 2 ** 32 - 1;

/** @throws MalformedMessage when a part that the broker must understand is damaged. */
export function readMessage(encoded: Buffer): ReadMessage {
  const sections = splitSections(encoded);
  const header = listOf(find(sections, SECTION.header));
  const annotations = entriesOf(find(sections, SECTION.messageAnnotations));
  const properties = listOf(find(sections, SECTION.properties));
  checkRewritable(sections);

  const ttl = plain(header[TTL_FIELD]);
  const scheduled = plain(
    annotations.find(([key]) => key === "x-opt-scheduled-enqueue-time")?.[1],
  );
  const messageId = plain(properties[MESSAGE_ID_FIELD]);
  const groupId = plain(properties[GROUP_ID_FIELD]);
  const common = {
    sessionId: typeof groupId === "string" ? groupId : undefined,
    ttlMs: ttl === null ? undefined : toMilliseconds(ttl, 0),
    scheduledFor: scheduled === null ? undefined : toMilliseconds(scheduled),
  };
  if (messageId !== null) {
    return { ...common, content: encoded, messageId: toKey(messageId) };
  }
  // The client's lock renewal refuses messages without an id, so the broker gives one, as Service Bus does.
  const assigned = randomUUID().replaceAll("-", "");
  properties[MESSAGE_ID_FIELD] = amqpTypes.wrap_string(assigned);
  const content = replace(
    sections,
    SECTION.properties,
    encode(SECTION.properties, amqpTypes.List32(properties)),
  );
  return { ...common, content, messageId: toKey(assigned) };
}

/**
 * Refuses what the broker could not write again later, when there is nobody left to refuse it to: application
 * properties that are not simple values, and annotations of types that the library reads but does not write.
 */
function checkRewritable(sections: readonly Section[]): void {
  const properties = entriesOf(find(sections, SECTION.applicationProperties));
  if (!properties.every(([, value]) => isSimple(value))) {
    throw new MalformedMessage("application properties are simple values");
  }
  try {
    encodeSections(sections, SAMPLE_FACTS);
  } catch {
    throw new MalformedMessage("unknown types in annotations");
  }
}

/** The messages inside a batch (message format 0x80013700): each data section holds one encoded message. */
export function readBatch(encoded: Buffer): ReadMessage[] {
  return splitSections(encoded)
    .filter((section) => section.code === SECTION.data)
    .map((section) => readMessage(readBinary(section.value)));
}

/** The message as a receiver gets it. */
export function encodeForDelivery(
  content: Buffer,
  facts: DeliveryFacts,
): Buffer {
  return encodeSections(splitSections(content), facts);
}

const SAMPLE_FACTS = { deliveryCount: 0, sequenceNumber: 0, enqueuedAt: 0 };

function encodeSections(
  sections: readonly Section[],
  facts: DeliveryFacts,
): Buffer {
  const header = listOf(find(sections, SECTION.header));
  while (header.length < DELIVERY_COUNT_FIELD) header.push(amqpTypes.Null());
  header[DELIVERY_COUNT_FIELD] = amqpTypes.wrap_uint(facts.deliveryCount);
  const { ttlMs = Infinity } = facts;
  if (ttlMs <= MAX_TTL_MS) header[TTL_FIELD] = amqpTypes.wrap_uint(ttlMs);
  const annotations = mergeEntries(
    entriesOf(find(sections, SECTION.messageAnnotations)),
    annotationsOf(facts),
  );
  return Buffer.concat([
    encode(SECTION.header, amqpTypes.List32(header)),
    encodeMap(SECTION.messageAnnotations, annotations, toSymbol),
    ...sections
      .filter((section) => section.code >= SECTION.properties)
      .map((section) => section.bytes),
  ]);
}

/** The stored message with application properties added or replaced. */
export function withApplicationProperties(
  content: Buffer,
  entries: readonly MapEntry[],
): Buffer {
  if (entries.length === 0) return content;
  const sections = splitSections(content);
  const code = SECTION.applicationProperties;
  const merged = mergeEntries(entriesOf(find(sections, code)), entries);
  return replace(sections, code, encodeMap(code, merged, toText));
}

const ENQUEUE_SEQUENCE = "x-opt-enqueue-sequence-number";

/** The stored message with the number under which it was first taken in; one that it has stays. */
export function withEnqueueSequenceNumber(
  content: Buffer,
  sequenceNumber: number,
): Buffer {
  const { annotations } = readFilterSections(content);
  if (annotations.some(([key]) => key === ENQUEUE_SEQUENCE)) return content;
  const number = amqpTypes.wrap_long(sequenceNumber);
  return withAnnotation(content, ENQUEUE_SEQUENCE, number);
}

/** The stored message with the entity that dead-lettered it. */
export function withDeadLetterSource(content: Buffer, source: string): Buffer {
  const value = amqpTypes.wrap_string(source);
  return withAnnotation(content, "x-opt-deadletter-source", value);
}

function withAnnotation(content: Buffer, key: string, value: Typed): Buffer {
  const sections = splitSections(content);
  const code = SECTION.messageAnnotations;
  const merged = mergeEntries(entriesOf(find(sections, code)), [[key, value]]);
  return replace(sections, code, encodeMap(code, merged, toSymbol));
}

/** What filters look at, decoded, with every AMQP type. */
export function readFilterSections(content: Buffer): {
  readonly annotations: readonly MapEntry[];
  readonly properties: readonly Typed[];
  readonly applicationProperties: readonly MapEntry[];
} {
  const sections = splitSections(content);
  return {
    annotations: entriesOf(find(sections, SECTION.messageAnnotations)),
    properties: listOf(find(sections, SECTION.properties)),
    applicationProperties: entriesOf(
      find(sections, SECTION.applicationProperties),
    ),
  };
}

/** The stored message with the reason why it is dead-lettered. */
export function withDeadLetterReason(
  content: Buffer,
  reason: string,
  description: string,
): Buffer {
  return withApplicationProperties(content, [
    ["DeadLetterReason", amqpTypes.wrap_string(reason)],
    ["DeadLetterErrorDescription", amqpTypes.wrap_string(description)],
  ]);
}

/** The entries of an AMQP map whose keys are strings or symbols, in their order. */
export function toMapEntries(map: Typed | undefined): MapEntry[] {
  if (map === undefined || !amqpTypes.is_map(map)) return [];
  const items = map.value as readonly Typed[];
  const entries: MapEntry[] = [];
  for (let index = 0; index + 1 < items.length; index += 2) {
    const value = items[index + 1];
    if (value !== undefined) entries.push([String(items[index]?.value), value]);
  }
  return entries;
}

const toSymbol = (key: string): Typed => amqpTypes.wrap_symbol(key);
const toText = (key: string): Typed => amqpTypes.wrap_string(key);

function annotationsOf(facts: DeliveryFacts): MapEntry[] {
  const entries: MapEntry[] = [
    ["x-opt-sequence-number", amqpTypes.wrap_long(facts.sequenceNumber)],
    ["x-opt-enqueued-time", amqpTypes.wrap_timestamp(facts.enqueuedAt)],
  ];
  if (facts.lockedUntil !== undefined) {
    entries.push([
      "x-opt-locked-until",
      amqpTypes.wrap_timestamp(facts.lockedUntil),
    ]);
  }
  if (facts.state !== undefined) {
    entries.push(["x-opt-message-state", amqpTypes.wrap_int(facts.state)]);
  }
  return entries;
}

/** A change without a value changes nothing: clients send nulls for what they leave out. */
function mergeEntries(
  entries: readonly MapEntry[],
  allChanges: readonly MapEntry[],
): MapEntry[] {
  const changes = allChanges.filter(([, value]) => value.value !== null);
  const changed = new Set(changes.map(([key]) => key));
  return [...entries.filter(([key]) => !changed.has(key)), ...changes];
}

function encodeMap(
  code: number,
  entries: readonly MapEntry[],
  wrapKey: (key: string) => Typed,
): Buffer {
  const items = entries.flatMap(([key, value]) => [wrapKey(key), value]);
  return encode(code, amqpTypes.Map32(items));
}

function encode(code: number, value: Typed): Buffer {
  const writer = new amqpTypes.Writer();
  writer.write(amqpTypes.described(amqpTypes.wrap_ulong(code), value));
  return writer.toBuffer();
}

/** The message with one section exchanged, or put where it belongs. */
function replace(
  sections: readonly Section[],
  code: number,
  bytes: Buffer,
): Buffer {
  return Buffer.concat([
    ...sections.filter((section) => section.code < code).map((s) => s.bytes),
    bytes,
    ...sections.filter((section) => section.code > code).map((s) => s.bytes),
  ]);
}

function find(sections: readonly Section[], code: number): Section | undefined {
  return sections.find((section) => section.code === code);
}

function listOf(section: Section | undefined): Typed[] {
  if (section === undefined) return [];
  const value = decode(section);
  if (!amqpTypes.is_list(value)) throw new MalformedMessage("list expected");
  return [...(value.value as readonly Typed[])];
}

function entriesOf(section: Section | undefined): MapEntry[] {
  if (section === undefined) return [];
  const value = decode(section);
  if (!amqpTypes.is_map(value)) throw new MalformedMessage("map expected");
  return toMapEntries(value);
}

function decode(section: Section): Typed {
  const reader = new amqpTypes.Reader(section.value);
  try {
    const value = reader.read();
    if (reader.position === section.value.length) return value;
  } catch {
    // The library's message may quote the bytes.
  }
  throw new MalformedMessage("damaged section");
}

function plain(value: Typed | undefined): unknown {
  return value === undefined ? null : amqpTypes.unwrap(value);
}

/** Whole milliseconds are what the protocol knows and what the file takes. */
function toMilliseconds(value: unknown, least = -Infinity): number {
  const ms = Number(value);
  if (Number.isSafeInteger(ms) && ms >= least) return ms;
  throw new MalformedMessage("milliseconds expected");
}

/** AMQP's type codes from 0xc0 on are lists, maps and arrays. */
function isSimple(value: Typed): boolean {
  return value.type.typecode < 0xc0 && value.type.typecode !== 0x45;
}

/** Message ids of different AMQP types are different ids. */
function toKey(messageId: unknown): string {
  if (Buffer.isBuffer(messageId)) return `b:${messageId.toString("hex")}`;
  return typeof messageId === "string"
    ? `s:${messageId}`
    : `n:${String(messageId)}`;
}
