import { systemNow, type Now } from "../../kernel/clock.ts";
import { Tag } from "../../kernel/metadata.ts";
import { indexedFields, type FieldIndexes } from "../cosmos-policy.ts";
import { createDocumentCodec, type DocumentCodec } from "../document-codec.ts";
import {
  toContinuation,
  toPlainQuery,
  type Page,
  type PlainQuery,
} from "../document-query.ts";
import type {
  DocumentIndexes,
  DocumentKinds,
  DocumentOf,
  DocumentStore,
  DocumentUpgrades,
  Stored,
} from "../document-store.ts";
import { createCosmosBatchWriter } from "./cosmos-batch.ts";
import {
  createCosmosContainer,
  type CosmosContainer,
  type CosmosContainerOptions,
} from "./cosmos-container.ts";
import {
  fromItem,
  fromItemId,
  toEtag,
  toItemId,
  type Item,
} from "./cosmos-item.ts";
import { toOrder, type ItemOrder } from "./cosmos-order.ts";
import {
  toCosmosQuery,
  type CosmosQuery,
  type QueryIndexes,
} from "./cosmos-query.ts";

export interface CosmosDocumentStoreOptions<
  K extends DocumentKinds,
> extends CosmosContainerOptions {
  readonly kinds: K;
  /** As the container has them: its policy is made from the same (`toCosmosPolicy`). */
  readonly indexes?: DocumentIndexes<K>;
  readonly upgrades?: DocumentUpgrades<K>;
  readonly now?: Now;
}

/**
 * The document store in one container of Cosmos DB, whose definition `toCosmosPolicy` gives.
 *
 * S1. `now` alone decides when a document is gone (D5): reads, queries and conditions compare it with the item's
 *     `expiresAt`. The service's time to live, a minute longer, only deletes the item.
 * S2. Conditions always meet the newest write. Reads and queries follow this process's own writes; those of another
 *     process may show a moment later.
 * S3. A page is as long as asked and in order, in however many pages, empty ones included, and from however many
 *     physical partitions the service sends it; it goes on from its last document's place, not from a token of the
 *     service's. Across partitions of a tenant it is the SDK that merges, by all the properties of ORDER BY.
 * S4. Queries without an index work, as the port says: they read every document of the kind in the tenant, which is
 *     charged, and are put in order here, holding no more than a page and what the service sends at a time.
 */
export function createCosmosDocumentStore<K extends DocumentKinds>(
  options: CosmosDocumentStoreOptions<K>,
): DocumentStore<K> {
  const { kinds, now = systemNow } = options;
  const indexes: FieldIndexes = options.indexes ?? {};
  const codec = createDocumentCodec(kinds, options.upgrades);
  const container = createCosmosContainer(options);
  const apply = createCosmosBatchWriter(container, now);
  const fields = indexedFields(indexes);
  const indexesOf = (kind: string): QueryIndexes => ({
    lists: indexes[kind] ?? [],
    fields,
  });

  return {
    async read(kind, partition, id) {
      // The id becomes part of a URL. What is no tag is no document's id.
      if (!Tag.safeParse(id).success) return undefined;
      const sent = await container.read(partition, toItemId(kind, id));
      if (sent === undefined) return undefined;
      const item = fromItem(sent, { tenantId: partition.tenantId, kind });
      return item.expiresAt > now() ? toStored(codec, kind, item) : undefined;
    },

    batch: async (partition, operations) =>
      apply(partition, codec.encode(partition, operations)),

    async query(query) {
      const plain = toPlainQuery(kinds, query);
      const items = await collect(
        container,
        plain,
        toCosmosQuery(plain, indexesOf(query.kind), now()),
      );
      return toPage(plain, items, (item) => toStored(codec, query.kind, item));
    },

    ping: () => container.ping(),

    close: async () => container.close(),
  };
}

/** The first items in the query's order: one more than a page holds when there is a next one. */
async function collect(
  container: CosmosContainer,
  plain: PlainQuery,
  query: CosmosQuery,
): Promise<readonly Item[]> {
  const { limit } = plain;
  const order = toOrder(plain);
  let items: readonly Item[] = [];
  for await (const page of container.pages(plain, query, limit + 1)) {
    const more = page.map((sent) => fromItem(sent, plain));
    items = query.isOrdered
      ? items.concat(more)
      : items
          .concat(more)
          .toSorted(order.compare)
          .slice(0, limit + 1);
    if (query.isOrdered && items.length > limit) break;
  }
  return items;
}

function toPage<T>(
  query: PlainQuery,
  found: readonly Item[],
  toEntry: (item: Item) => T,
): Page<T> {
  const page = found.slice(0, query.limit);
  const items = page.map(toEntry);
  const last = page.at(-1);
  return found.length > query.limit && last
    ? { items, continuation: continueAfter(query, last, toOrder(query)) }
    : { items };
}

function continueAfter(
  query: PlainQuery,
  last: Item,
  order: ItemOrder,
): string {
  return toContinuation(query, {
    value: order.valueOf(last),
    id: fromItemId(last),
    scope: last.scope,
  });
}

function toStored<K extends DocumentKinds, N extends keyof K & string>(
  codec: DocumentCodec<K>,
  kind: N,
  item: Item,
): Stored<DocumentOf<K, N>> {
  return {
    id: fromItemId(item),
    scope: item.scope,
    etag: toEtag({ etag: item._etag, expiresAt: item.expiresAt }),
    document: codec.decode(
      kind,
      item.schemaVersion,
      JSON.stringify(item.document),
    ),
  };
}
