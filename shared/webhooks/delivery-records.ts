import type { Page } from "../documents/document-query.ts";
import type { Stored } from "../documents/document-store.ts";
import type { RecordStore } from "../documents/kinds.ts";
import { Tag } from "../kernel/metadata.ts";
import {
  advanceDelivery,
  type DeliveryEvent,
  type Transition,
} from "./delivery-state.ts";
import type { DeliveryDocument } from "./documents.ts";

export interface DeliveryKey {
  readonly tenantId: Tag;
  readonly jobId: Tag;
  readonly deliveryId: Tag;
  readonly webhookId?: Tag | undefined;
}

/** The documents of deliveries, moved by compare-and-set only. */
export interface DeliveryRecords {
  read(key: DeliveryKey): Promise<Stored<DeliveryDocument> | undefined>;
  /** Writes a new delivery; one that is there already stays as it is. */
  create(key: DeliveryKey, document: DeliveryDocument): Promise<void>;
  /** Applies an event to the state as it is stored now; `ignored` too when there is no such delivery. */
  apply(
    key: DeliveryKey,
    event: DeliveryEvent,
    attempt?: DeliveryDocument["attempts"][number],
  ): Promise<Transition>;
  /** A subscription's deliveries, the newest first. */
  list(
    tenantId: Tag,
    webhookId: Tag,
    page: { readonly limit: number; readonly continuation?: string },
  ): Promise<Page<Stored<DeliveryDocument>>>;
}

/** Deliveries are listed for as long as they may matter to somebody who looks for a lost event. */
const ttlSeconds = 30 * 24 * 3600;

export function createDeliveryRecords(store: RecordStore): DeliveryRecords {
  const read: DeliveryRecords["read"] = (key) =>
    store.read("delivery", partitionOf(key), key.deliveryId);

  return {
    read,
    async create(key, document) {
      await store.batch(partitionOf(key), [
        {
          op: "create",
          kind: "delivery",
          id: key.deliveryId,
          document,
          ttlSeconds,
        },
      ]);
    },
    async apply(key, event, attempt) {
      for (;;) {
        const stored = await read(key);
        if (!stored) return { kind: "ignored" };
        const transition = advanceDelivery(stored.document.state, event);
        if (transition.kind !== "moved") return transition;
        const outcome = await store.batch(partitionOf(key), [
          {
            op: "replace",
            kind: "delivery",
            id: key.deliveryId,
            ifMatch: stored.etag,
            ttlSeconds,
            document: {
              ...stored.document,
              state: transition.state,
              attempts: attempt
                ? [...stored.document.attempts, attempt]
                : stored.document.attempts,
            },
          },
        ]);
        if (outcome.ok) return transition;
      }
    },
    list: (tenantId, webhookId, { limit, continuation }) =>
      store.query({
        kind: "delivery",
        tenantId,
        scope: scopeOf(webhookId),
        orderBy: { field: "createdAt", direction: "desc" },
        limit,
        ...(continuation !== undefined && { continuation }),
      }),
  };
}

function partitionOf({ tenantId, jobId, webhookId }: DeliveryKey) {
  return {
    tenantId,
    scope: webhookId === undefined ? jobId : scopeOf(webhookId),
  };
}

function scopeOf(webhookId: Tag): Tag {
  return Tag.parse(`deliveries.${webhookId}`);
}
