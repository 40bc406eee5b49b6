import type { Typed } from "rhea";
import type {
  FilterSubject,
  FilterValue,
  SystemProperty,
} from "../filters/rule-definition.ts";
import { readFilterSections } from "./message-codec.ts";

/** Where AMQP's properties section keeps what the filters call by other names. */
const fields = {
  messageid: 0,
  to: 2,
  label: 3,
  subject: 3,
  replyto: 4,
  correlationid: 5,
  contenttype: 6,
  sessionid: 10,
  replytosessionid: 12,
} as const satisfies Partial<Record<SystemProperty, number>>;

/** What a subscription's rules see of an encoded message; it is decoded when the first of them looks. */
export function toFilterSubject(content: Buffer): FilterSubject {
  let read: ReturnType<typeof readFilterSections> | undefined;
  let user: Map<string, FilterValue> | undefined;
  const sections = () => (read ??= readFilterSections(content));
  return {
    system(name) {
      const { annotations, properties } = sections();
      const typed =
        name === "partitionkey"
          ? annotations.find(([key]) => key === "x-opt-partition-key")?.[1]
          : properties[fields[name]];
      return typed === undefined ? null : toFilterValue(typed);
    },
    user(name) {
      user ??= new Map(
        sections().applicationProperties.map(([key, typed]) => [
          key.toLowerCase(),
          toFilterValue(typed),
        ]),
      );
      return user.get(name.toLowerCase());
    },
  };
}

const WHOLE_NUMBERS = new Set([
  0x50, 0x60, 0x70, 0x52, 0x43, 0x80, 0x53, 0x44, 0x51, 0x61, 0x71, 0x54, 0x81,
  0x55,
]);
const UUID = 0x98;
const TIMESTAMP = 0x83;
const ULONG = 0x80;

/** A simple AMQP value with what filters need of its type: whether a number is whole, whether it is a time. */
function toFilterValue(typed: Typed): FilterValue {
  const value: unknown = typed.value;
  const { typecode } = typed.type;
  if (WHOLE_NUMBERS.has(typecode)) return toWhole(value, typecode);
  if (typecode === TIMESTAMP) return new Date(Number(value));
  if (typecode === UUID && Buffer.isBuffer(value)) return toUuid(value);
  if (value === undefined || value === null) return null;
  if (Buffer.isBuffer(value) || value instanceof Date) return value;
  switch (typeof value) {
    case "string":
    case "number":
    case "boolean":
      return value;
    default:
      return null;
  }
}

/** Numbers that a JavaScript number cannot hold arrive as their eight bytes. */
function toWhole(value: unknown, typecode: number): bigint {
  if (!Buffer.isBuffer(value)) return BigInt(Number(value));
  return typecode === ULONG ? value.readBigUInt64BE() : value.readBigInt64BE();
}

function toUuid(bytes: Buffer): string {
  return bytes
    .toString("hex")
    .replace(/^(.{8})(.{4})(.{4})(.{4})/u, "$1-$2-$3-$4-");
}
