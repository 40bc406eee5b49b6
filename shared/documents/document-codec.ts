import { z } from "zod";
import { NucleusError } from "../kernel/errors.ts";
import { Tag } from "../kernel/metadata.ts";
import type {
  DocumentKinds,
  DocumentUpgrades,
  Operation,
  PartitionKey,
} from "./document-store.ts";

/** Cosmos DB's limits, held by every adapter so that what works on one machine works on Azure. */
const documentLimits = {
  operations: 100,
  itemBytes: 2 * 1024 * 1024,
  batchBytes: 2 * 1024 * 1024,
  ttlSeconds: 2 ** 31 - 1,
} as const;

/** What the item's envelope (tenant, scope, kind, id, version, etag, ttl) adds to its JSON, at most. */
const envelopeBytes = 1024;

/** An operation whose document is validated and serialised. */
export type EncodedOperation =
  | (EncodedWrite & { readonly op: "create" | "upsert" })
  | (EncodedWrite & { readonly op: "replace"; readonly ifMatch: string })
  | (EncodedTarget & {
      readonly op: "delete";
      readonly ifMatch: string | undefined;
    });

interface EncodedTarget {
  readonly kind: string;
  readonly id: Tag;
}

interface EncodedWrite extends EncodedTarget {
  readonly schemaVersion: number;
  /** The document as JSON. */
  readonly body: string;
  readonly ttlSeconds: number | undefined;
}

/** The port's shared gate: what passes it is valid on every adapter. Failures never hold a value. */
export interface DocumentCodec<K extends DocumentKinds> {
  /** @throws NucleusError document_invalid */
  encode(
    partition: PartitionKey,
    operations: readonly Operation<K>[],
  ): EncodedOperation[];
  /** The stored JSON as a document of the newest schema version. @throws NucleusError document_invalid */
  decode<N extends keyof K & string>(
    kind: N,
    schemaVersion: number,
    body: string,
  ): z.output<K[N]>;
}

const Target = z.object({ kind: z.string(), id: Tag });
const Ttl = z.int().min(1).max(documentLimits.ttlSeconds).optional();
const Partition = z.object({ tenantId: Tag, scope: Tag });

/** Creates the codec of a registry; every kind's name must be a tag without `:`, since names reach index names. */
export function createDocumentCodec<K extends DocumentKinds>(
  kinds: K,
  upgrades: DocumentUpgrades<K> = {},
): DocumentCodec<K> {
  for (const kind of Object.keys(kinds)) valid(KindName.safeParse(kind));

  const upgradesOf = (kind: keyof K & string) => upgrades[kind] ?? [];

  const schemaOf = (kind: string): z.ZodType => {
    const schema = Object.hasOwn(kinds, kind) ? kinds[kind] : undefined;
    if (!schema) throw new NucleusError("document_invalid");
    return schema;
  };

  const encodeOne = (operation: Operation<K>): EncodedOperation => {
    const { kind, id } = valid(Target.safeParse(operation));
    const schema = schemaOf(kind);
    if (operation.op === "delete") {
      return { op: "delete", kind, id, ifMatch: operation.ifMatch };
    }
    const written = {
      kind,
      id,
      schemaVersion: upgradesOf(kind).length + 1,
      body: JSON.stringify(valid(schema.safeParse(operation.document))),
      ttlSeconds: valid(Ttl.safeParse(operation.ttlSeconds)),
    };
    return operation.op === "replace"
      ? { ...written, op: "replace", ifMatch: operation.ifMatch }
      : { ...written, op: operation.op };
  };

  return {
    encode(partition, operations) {
      valid(Partition.safeParse(partition));
      const encoded = operations.map(encodeOne);
      assertWithinLimits(encoded);
      return encoded;
    },

    decode(kind, schemaVersion, body) {
      const all = upgradesOf(kind);
      if (schemaVersion < 1 || schemaVersion > all.length + 1) {
        throw new NucleusError("document_invalid");
      }
      let document: unknown = JSON.parse(body);
      for (const upgrade of all.slice(schemaVersion - 1)) {
        document = upgrade(document);
      }
      return valid(schemaOf(kind).safeParse(document)) as z.output<
        K[typeof kind]
      >;
    },
  };
}

const KindName = z.string().regex(/^[A-Za-z][\w-]{0,63}$/);

function assertWithinLimits(operations: readonly EncodedOperation[]): void {
  const sizes = operations.map((operation) =>
    operation.op === "delete"
      ? envelopeBytes
      : Buffer.byteLength(operation.body) + envelopeBytes,
  );
  const batchBytes = sizes.reduce((sum, size) => sum + size, 0);
  if (
    operations.length === 0 ||
    operations.length > documentLimits.operations ||
    sizes.some((size) => size > documentLimits.itemBytes) ||
    batchBytes > documentLimits.batchBytes
  ) {
    throw new NucleusError("document_invalid");
  }
}

/** The parsed value; a schema's own message is dropped, for it may quote what it refused. */
function valid<T>(result: z.ZodSafeParseResult<T>): T {
  if (!result.success) throw new NucleusError("document_invalid");
  return result.data;
}
