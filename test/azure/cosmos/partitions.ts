import { createHash } from "node:crypto";

/** A span of effective partition keys: from `min` on, up to but without `max`; of one key when they are equal. */
export interface KeyRange {
  readonly min: string;
  readonly max: string;
}

export interface PhysicalPartition extends KeyRange {
  readonly id: string;
}

/**
 * The effective partition key of MultiHash: each value's hash after the other, so that what shares its first values lies
 * together. The service hashes with Murmur3 and so orders tenants differently; nothing that is tested depends on it.
 */
export function effectiveKey(values: readonly string[]): string {
  return values.map(hashOf).join("");
}

/** Where everything lies that begins with these values, of `paths` that a whole key has. */
export function rangeOf(values: readonly string[], paths: number): KeyRange {
  const min = effectiveKey(values);
  return { min, max: values.length === paths ? min : `${min}FF` };
}

/** Physical partitions such that each of the tenants lies in two. */
export function toPhysicalPartitions(
  splitTenants: readonly string[],
): PhysicalPartition[] {
  const bounds = splitTenants
    .map((tenant) => `${hashOf(tenant)}20${"0".repeat(30)}`)
    .toSorted();
  return ["", ...bounds].map((min, index) => ({
    id: String(index),
    min,
    max: bounds[index] ?? "FF",
  }));
}

export function overlaps(partition: KeyRange, range: KeyRange): boolean {
  return range.min === range.max
    ? contains(partition, range.min)
    : partition.min < range.max && range.min < partition.max;
}

export function contains(range: KeyRange, key: string): boolean {
  return range.min === range.max
    ? key === range.min
    : key >= range.min && key < range.max;
}

/** 16 bytes as hex digits, below "40" so that every key comes before "FF". */
function hashOf(value: string): string {
  const hash = createHash("sha256").update(value).digest().subarray(0, 16);
  hash[0] = (hash[0] ?? 0) & 0x3f;
  return hash.toString("hex").toUpperCase();
}
