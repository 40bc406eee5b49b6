/**
 * Request units by the service's published rules of thumb, not by its scheduler: 1 for a point read of 1 KB and 10 for
 * one of 100 KB; about 5.5 to create 1 KB with few indexed values, twice that to replace it (the old index entries go, new
 * ones come); about 2.5 for a query's page and a little for each item that it reads, whether or not it is returned.
 */
const kilobyte = 1024;

export const charges = {
  read: (bytes: number) => 1 + (9 / 99) * Math.max(0, bytes / kilobyte - 1),
  missing: 1,
  create: (bytes: number, indexedValues: number) =>
    5 * Math.max(1, bytes / kilobyte) + 0.1 * indexedValues,
  replace: (bytes: number, indexedValues: number) =>
    2 * charges.create(bytes, indexedValues),
  delete: 5.5,
  /** `bytes` of all the items that the page read. */
  queryPage: (itemsRead: number, bytes: number) =>
    2.5 + 0.05 * itemsRead + (0.25 * bytes) / kilobyte,
  refused: 1,
  metadata: 0,
} as const;
