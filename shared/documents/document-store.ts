import type { z } from "zod";
import type { Tag } from "../kernel/metadata.ts";
import type { DocumentQuery, Page } from "./document-query.ts";

/**
 * Where Nucleus keeps metadata: one logical container of JSON documents with a hierarchical partition key.
 *
 * D1. A partition is `[tenantId, scope]`; `scope` is the job id for what belongs to a job. An id is unique within its
 *     partition and kind.
 * D2. A batch is atomic and stays within one partition. Its conflicts are values; an outage is thrown.
 * D3. Every document passes its kind's schema on the way in and on the way out, so nothing but metadata is stored, and
 *     is kept together with its tenant, scope, kind and schema version.
 * D4. A query never leaves its tenant.
 * D5. A document whose time to live has passed is not there: not for reads, queries or conditions.
 */
export interface DocumentStore<K extends DocumentKinds> {
  /** @throws NucleusError store_unavailable, document_invalid */
  read<N extends keyof K & string>(
    kind: N,
    partition: PartitionKey,
    id: Tag,
  ): Promise<Stored<DocumentOf<K, N>> | undefined>;
  /**
   * Applies 1 to 100 operations (≤ 2 MB) in order, all or none.
   *
   * @throws NucleusError store_unavailable; document_invalid when a document, an id or the batch's size is refused
   */
  batch(
    partition: PartitionKey,
    operations: readonly Operation<K>[],
  ): Promise<BatchOutcome>;
  /** @throws NucleusError store_unavailable; request_invalid for a continuation that is not this query's */
  query<N extends keyof K & string>(
    query: DocumentQuery<K, N>,
  ): Promise<Page<Stored<DocumentOf<K, N>>>>;
  /** @throws NucleusError store_unavailable */
  ping(): Promise<void>;
  close(): Promise<void>;
}

/** The registry: kind → its schema, declared with `defineMetadata`. */
export type DocumentKinds = Readonly<Record<string, z.ZodType>>;

export type DocumentOf<
  K extends DocumentKinds,
  N extends keyof K & string,
> = z.output<K[N]>;

export interface PartitionKey {
  readonly tenantId: Tag;
  readonly scope: Tag;
}

export interface Stored<T> {
  readonly id: Tag;
  /** Which partition of the tenant it lies in. */
  readonly scope: Tag;
  /** Changes with every write. */
  readonly etag: string;
  readonly document: T;
}

/** One operation of a batch; `N` ties the document's type to its kind. */
export type Operation<K extends DocumentKinds> = {
  readonly [N in keyof K & string]: OperationOn<N, DocumentOf<K, N>>;
}[keyof K & string];

type OperationOn<N extends string, D> =
  | CreateOperation<N, D>
  | UpsertOperation<N, D>
  | ReplaceOperation<N, D>
  | DeleteOperation<N>;

interface Target<N extends string> {
  readonly kind: N;
  readonly id: Tag;
}

interface Written<N extends string, D> extends Target<N> {
  readonly document: D;
  /** Seconds from this write until the document is gone; absent: it stays, whatever an earlier write said. */
  readonly ttlSeconds?: number;
}

/** Conflicts with `exists`. */
interface CreateOperation<N extends string, D> extends Written<N, D> {
  readonly op: "create";
}

interface UpsertOperation<N extends string, D> extends Written<N, D> {
  readonly op: "upsert";
}

/** Conflicts with `missing` or `changed`. */
interface ReplaceOperation<N extends string, D> extends Written<N, D> {
  readonly op: "replace";
  readonly ifMatch: string;
}

/** Conflicts with `missing` or, given `ifMatch`, with `changed`. */
interface DeleteOperation<N extends string> extends Target<N> {
  readonly op: "delete";
  readonly ifMatch?: string;
}

export type ConflictReason = "exists" | "missing" | "changed";

/** `etags[n]` belongs to `operations[n]` (empty for a delete); `index` is the first operation that conflicted. */
export type BatchOutcome =
  | { readonly ok: true; readonly etags: readonly string[] }
  | {
      readonly ok: false;
      readonly index: number;
      readonly reason: ConflictReason;
    };

/**
 * Fields that a kind's queries use: each list backs the queries of a tenant that filter by equality on its leading
 * fields and filter by range or order on its last. Queries without an index work, and read every document of the kind.
 */
export type DocumentIndexes<K extends DocumentKinds> = {
  readonly [N in keyof K & string]?: readonly (readonly (keyof DocumentOf<
    K,
    N
  > &
    string)[])[];
};

/**
 * How older documents of a kind are read: `upgrades[n]` brings schema version n + 1 to n + 2. Documents are written in
 * the newest version, which is the number of upgrades plus one.
 */
export type DocumentUpgrades<K extends DocumentKinds> = {
  readonly [N in keyof K & string]?: readonly ((older: unknown) => unknown)[];
};
