/** `DocumentIndexes` of any registry. */
export type FieldIndexes = Readonly<
  Record<string, readonly (readonly string[])[] | undefined>
>;

/** The container's definition, as Cosmos DB's resource provider and data plane both write it. */
export interface CosmosPolicy {
  readonly partitionKey: {
    readonly paths: readonly string[];
    readonly kind: "MultiHash";
    readonly version: 2;
  };
  /** -1: items may have a time to live of their own, and have none by default. */
  readonly defaultTtl: -1;
  readonly indexingPolicy: {
    readonly indexingMode: "consistent";
    readonly automatic: true;
    readonly includedPaths: readonly { readonly path: string }[];
    readonly excludedPaths: readonly { readonly path: string }[];
    readonly compositeIndexes: readonly (readonly CompositePath[])[];
  };
}

interface CompositePath {
  readonly path: string;
  readonly order: "ascending" | "descending";
}

/** What every query filters by besides the document's own fields; an id is always indexed. */
const envelopePaths = ["/tenantId", "/scope", "/kind", "/expiresAt"];

/** Where a top-level field of a document lies within its item. `field` is an identifier. */
export function fieldPath(field: string): string {
  return `/document/${field}`;
}

/**
 * The properties that the results of a query are ordered by when `fields` back it: equality holds for all that stand
 * before the last field, so they do not change the order, but Cosmos DB uses a composite index only when ORDER BY names
 * exactly its paths.
 */
export function orderingPaths(fields: readonly string[]): readonly string[] {
  return ["/tenantId", "/kind", ...fields.map(fieldPath), "/id", "/scope"];
}

/** The fields that have a range index of their own, whatever kind declared it. */
export function indexedFields(indexes: FieldIndexes): ReadonlySet<string> {
  return new Set(
    Object.values(indexes).flatMap((lists) => lists?.flat() ?? []),
  );
}

/**
 * The container for documents with these indexes. Nothing is indexed but what queries filter by, because every indexed
 * path makes each write dearer. A composite index serves its order and the exact reverse, so one per list is enough.
 */
export function toCosmosPolicy(indexes: FieldIndexes): CosmosPolicy {
  const orderings = [
    [],
    ...Object.values(indexes).flatMap((lists) => lists ?? []),
  ].map(orderingPaths);
  const distinct = new Map(
    orderings.map((paths): [string, readonly string[]] => [
      paths.join(),
      paths,
    ]),
  );
  const included = [
    ...envelopePaths,
    ...[...indexedFields(indexes)].toSorted().map(fieldPath),
  ];
  return {
    partitionKey: {
      paths: ["/tenantId", "/scope"],
      kind: "MultiHash",
      version: 2,
    },
    defaultTtl: -1,
    indexingPolicy: {
      indexingMode: "consistent",
      automatic: true,
      includedPaths: included.map((path) => ({ path: `${path}/?` })),
      excludedPaths: [{ path: "/*" }],
      compositeIndexes: [...distinct.values()].map((paths) =>
        paths.map((path) => ({ path, order: "ascending" as const })),
      ),
    },
  };
}
