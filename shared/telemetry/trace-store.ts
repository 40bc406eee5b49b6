import type { RecordStore } from "../documents/kinds.ts";
import type { Telemetry } from "./telemetry.ts";

/** The document store, with a span for each call. */
export function traceStore(
  store: RecordStore,
  telemetry: Telemetry,
): RecordStore {
  return {
    ...store,
    read: (kind, partition, id) =>
      telemetry.span(
        "store.call",
        {
          attributes: {
            "db.operation.name": "read",
            "db.collection.name": kind,
          },
        },
        () => store.read(kind, partition, id),
      ),
    batch: (partition, operations) =>
      telemetry.span(
        "store.call",
        {
          attributes: {
            "db.operation.name": "batch",
            "db.collection.name": operations[0]?.kind ?? "job",
            "db.operation.batch.size": operations.length,
          },
        },
        () => store.batch(partition, operations),
      ),
    query: (query) =>
      telemetry.span(
        "store.call",
        {
          attributes: {
            "db.operation.name": "query",
            "db.collection.name": query.kind,
          },
        },
        () => store.query(query),
      ),
  };
}
