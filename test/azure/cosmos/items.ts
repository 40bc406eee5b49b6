import { randomUUID } from "node:crypto";
import type { Now } from "../../../shared/kernel/clock.ts";
import { effectiveKey } from "./partitions.ts";

/** An item as it lies in the container. */
export interface StoredItem {
  readonly id: string;
  readonly effectiveKey: string;
  readonly etag: string;
  /** With the service's own properties. */
  readonly body: Readonly<Record<string, unknown>>;
  readonly bytes: number;
  /** When its time to live is over, in milliseconds since the epoch. */
  readonly expiresAt: number;
}

export type ItemBody = Readonly<Record<string, unknown>> & {
  readonly id: string;
};

/** The items of one container, or of one batch on its way. An item whose time to live is over is not there. */
export interface Items {
  find(key: readonly string[], id: string): StoredItem | undefined;
  put(key: readonly string[], body: ItemBody): StoredItem;
  remove(key: readonly string[], id: string): void;
  all(): readonly StoredItem[];
  /** A copy that becomes these items when it is kept. */
  fork(): Items & { keep(): void };
}

export function createItems(now: Now): Items {
  return itemsIn(now, new Map());
}

function itemsIn(now: Now, items: Map<string, StoredItem>): Items {
  const isThere = (item: StoredItem) => item.expiresAt > now();
  const nameOf = (key: readonly string[], id: string) =>
    JSON.stringify([...key, id]);
  return {
    find(key, id) {
      const item = items.get(nameOf(key, id));
      return item && isThere(item) ? item : undefined;
    },
    put(key, body) {
      const item = toStoredItem(key, body, now());
      items.set(nameOf(key, item.id), item);
      return item;
    },
    remove: (key, id) => void items.delete(nameOf(key, id)),
    all: () => [...items.values()].filter(isThere),
    fork() {
      const copy = new Map(items);
      return {
        ...itemsIn(now, copy),
        keep() {
          items.clear();
          for (const [name, item] of copy) items.set(name, item);
        },
      };
    },
  };
}

function toStoredItem(
  key: readonly string[],
  body: ItemBody,
  nowMs: number,
): StoredItem {
  const etag = `"${randomUUID()}"`;
  const writtenAt = Math.floor(nowMs / 1000);
  const ttl = body["ttl"];
  const whole = {
    ...body,
    _rid: Buffer.from(randomUUID()).toString("base64"),
    _self: `dbs/x/colls/x/docs/${randomUUID()}/`,
    _etag: etag,
    _attachments: "attachments/",
    _ts: writtenAt,
  };
  return {
    id: body.id,
    effectiveKey: effectiveKey(key),
    etag,
    body: whole,
    bytes: Buffer.byteLength(JSON.stringify(whole)),
    expiresAt:
      typeof ttl === "number" && ttl > 0 ? (writtenAt + ttl) * 1000 : Infinity,
  };
}
