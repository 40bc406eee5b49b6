import { randomBytes } from "node:crypto";

/** A W3C `traceparent` as it came in, or undefined when it is absent or malformed. */
export function parseTraceparent(value: unknown): string | undefined {
  return typeof value === "string" &&
    /^00-(?!0{32})[\da-f]{32}-(?!0{16})[\da-f]{16}-[\da-f]{2}$/.test(value)
    ? value
    : undefined;
}

/** A new trace for what was triggered without one. */
export function createTraceparent(): string {
  const hex = randomBytes(24).toString("hex");
  return `00-${hex.slice(0, 32)}-${hex.slice(32)}-01`;
}
