import type { JSONObject } from "@azure/cosmos";
import { z } from "zod";
import { NucleusError } from "../../kernel/errors.ts";
import { Tag } from "../../kernel/metadata.ts";
import type { EncodedOperation } from "../document-codec.ts";
import type { PartitionKey } from "../document-store.ts";

/** When a document that has no time to live expires: no clock gets there. */
const never = Number.MAX_SAFE_INTEGER;

/**
 * How much longer than its document an item lives, in seconds. `expiresAt` alone decides when the document is gone;
 * the service's own time to live only deletes the item, and it counts whole seconds by another clock.
 */
const ttlSlackSeconds = 60;
const maxTtlSeconds = 2 ** 31 - 1;

/** A document with its envelope, as it lies in the container. */
const Item = z.object({
  id: z.string(),
  tenantId: Tag,
  scope: Tag,
  kind: z.string(),
  schemaVersion: z.int(),
  /** Milliseconds since the epoch. */
  expiresAt: z.number(),
  document: z.unknown(),
  _etag: z.string(),
});
export type Item = z.infer<typeof Item>;

type EncodedWrite = Exclude<EncodedOperation, { readonly op: "delete" }>;

/**
 * An item's id is unique within its partition, a document's within its partition and kind. A tag holds none of the
 * characters that Cosmos DB forbids in ids (`/ \ ? #`), and a kind no colon.
 */
export function toItemId(kind: string, id: string): string {
  return `${kind}:${id}`;
}

/** The document's id within its kind. */
export function fromItemId(item: Item): Tag {
  return Tag.parse(item.id.slice(item.kind.length + 1));
}

/** When a document written at `nowMs` is gone, in milliseconds since the epoch. */
export function expiryOf(write: EncodedWrite, nowMs: number): number {
  return write.ttlSeconds === undefined
    ? never
    : nowMs + write.ttlSeconds * 1000;
}

export function toItem(
  { tenantId, scope }: PartitionKey,
  write: EncodedWrite,
  nowMs: number,
): JSONObject {
  const { kind, schemaVersion, ttlSeconds } = write;
  return {
    id: toItemId(kind, write.id),
    tenantId,
    scope,
    kind,
    schemaVersion,
    expiresAt: expiryOf(write, nowMs),
    document: JSON.parse(write.body) as JSONObject,
    ...(ttlSeconds !== undefined && {
      ttl: Math.min(ttlSeconds + ttlSlackSeconds, maxTtlSeconds),
    }),
  };
}

/**
 * What the service sent, as an item of this tenant and kind.
 *
 * @throws NucleusError document_invalid when it is not one
 */
export function fromItem(
  sent: unknown,
  owner: { readonly tenantId: string; readonly kind: string },
): Item {
  const parsed = Item.safeParse(sent);
  const isOwned =
    parsed.success &&
    parsed.data.tenantId === owner.tenantId &&
    parsed.data.kind === owner.kind;
  if (!isOwned) throw new NucleusError("document_invalid");
  return parsed.data;
}

/** The service's etag and when the document expires, so that a condition on it can tell `missing` from `changed`. */
interface Version {
  readonly etag: string;
  readonly expiresAt: number;
}

/** A version in the opaque form that the port hands out. */
export function toEtag({ etag, expiresAt }: Version): string {
  return `${expiresAt}.${etag}`;
}

/** A text that is no etag of ours is one that matches nothing. */
export function fromEtag(etag: string): Version {
  const [, expiresAt, own] = /^(\d{1,16})\.(.+)$/s.exec(etag) ?? [];
  return expiresAt === undefined || own === undefined
    ? { etag: matchesNothing, expiresAt: never }
    : { etag: own, expiresAt: Number(expiresAt) };
}

/** An etag that no item has. */
export const matchesNothing = '"none"';
