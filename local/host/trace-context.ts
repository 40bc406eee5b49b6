import { randomFillSync } from "node:crypto";

/** A W3C `traceparent` as it came in, or undefined when it is absent or malformed. */
export function parseTraceparent(value: unknown): string | undefined {
  return typeof value === "string" &&
    /^00-(?!0{32})[\da-f]{32}-(?!0{16})[\da-f]{16}-[\da-f]{2}$/.test(value)
    ? value
    : undefined;
}

const idBytes = 24;
/** Random bytes are drawn for many traces at once, because a draw costs more than the bytes. */
const drawn = Buffer.alloc(idBytes * 256);
let used = drawn.length;

/** A new trace for what was triggered without one. */
export function createTraceparent(): string {
  if (used === drawn.length) {
    randomFillSync(drawn);
    used = 0;
  }
  const hex = drawn.toString("hex", used, used + idBytes);
  used += idBytes;
  return `00-${hex.slice(0, 32)}-${hex.slice(32)}-01`;
}
