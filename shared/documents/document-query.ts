import { createHash } from "node:crypto";
import { z } from "zod";
import { NucleusError } from "../kernel/errors.ts";
import { Tag } from "../kernel/metadata.ts";
import type { DocumentKinds, DocumentOf } from "./document-store.ts";

export type Scalar = string | number | boolean;

/** The top-level fields of `T` that can be filtered and ordered by. */
type FieldOf<T> = {
  [F in keyof T & string]-?: NonNullable<T[F]> extends Scalar ? F : never;
}[keyof T & string];

interface Range<V> {
  readonly gt?: V;
  readonly gte?: V;
  readonly lt?: V;
  readonly lte?: V;
}

/** A value asks for equality, an object for a range. A document without the field matches neither. */
type Where<T> = {
  readonly [F in FieldOf<T>]?: NonNullable<T[F]> | Range<NonNullable<T[F]>>;
};

export interface DocumentQuery<
  K extends DocumentKinds,
  N extends keyof K & string,
> {
  readonly kind: N;
  readonly tenantId: Tag;
  /** Only this partition of the tenant. */
  readonly scope?: Tag;
  readonly where?: Where<DocumentOf<K, N>>;
  /** Ties are ordered by id and then scope, in the same direction. Documents without the field are left out. Default: by id. */
  readonly orderBy?: {
    readonly field: FieldOf<DocumentOf<K, N>>;
    readonly direction: "asc" | "desc";
  };
  /** 1 to 1000. */
  readonly limit: number;
  /** From the page before, for the same query. */
  readonly continuation?: string;
}

export interface Page<T> {
  readonly items: readonly T[];
  /** Opaque; absent on the last page. */
  readonly continuation?: string;
}

export const comparisons = {
  gt: ">",
  gte: ">=",
  lt: "<",
  lte: "<=",
} as const;

type Comparison = keyof typeof comparisons | "eq";

export interface Filter {
  readonly field: string;
  readonly comparison: Comparison;
  readonly value: Scalar;
}

/** Where the page before ended. */
export interface Position {
  /** The value of the ordering field; absent when ordered by id. */
  readonly value?: Scalar | undefined;
  readonly id: Tag;
  readonly scope: Tag;
}

/** A query in the plain form that adapters translate. Everything in it is checked. */
export interface PlainQuery {
  readonly kind: string;
  readonly tenantId: Tag;
  readonly scope: Tag | undefined;
  readonly filters: readonly Filter[];
  readonly orderField: string | undefined;
  readonly direction: "asc" | "desc";
  readonly limit: number;
  readonly after: Position | undefined;
  /** What a continuation is bound to. */
  readonly fingerprint: string;
}

/** Field names reach adapters' query texts: nothing but a plain identifier passes. */
const FieldName = z.string().regex(/^[A-Za-z]\w{0,63}$/);
const ScalarValue = z.union([z.string(), z.number(), z.boolean()]);
const Condition = z.union([
  ScalarValue.transform((value): Partial<Record<Comparison, Scalar>> => ({
    eq: value,
  })),
  z.strictObject({
    gt: ScalarValue.optional(),
    gte: ScalarValue.optional(),
    lt: ScalarValue.optional(),
    lte: ScalarValue.optional(),
  }),
]);
const AnyQuery = z.strictObject({
  kind: Tag,
  tenantId: Tag,
  scope: Tag.optional(),
  where: z.record(FieldName, Condition).default({}),
  orderBy: z
    .strictObject({ field: FieldName, direction: z.enum(["asc", "desc"]) })
    .optional(),
  limit: z.int().min(1).max(1000),
  continuation: z.string().max(2048).optional(),
});

/**
 * The query in plain form.
 *
 * @throws NucleusError document_invalid for a query that no caller may build, request_invalid for a continuation that
 *   is not this query's
 */
export function toPlainQuery(
  kinds: DocumentKinds,
  query: object & { readonly kind: string },
): PlainQuery {
  const parsed = AnyQuery.safeParse(query);
  if (!parsed.success || !Object.hasOwn(kinds, query.kind)) {
    throw new NucleusError("document_invalid");
  }
  const { kind, tenantId, scope, where, orderBy, limit, continuation } =
    parsed.data;
  const filters = Object.entries(where).flatMap(toFilters);
  const orderField = orderBy?.field;
  const direction = orderBy?.direction ?? "asc";
  const fingerprint = createHash("sha256")
    .update(
      JSON.stringify([kind, tenantId, scope, filters, orderField, direction]),
    )
    .digest("base64url")
    .slice(0, 16);
  return {
    kind,
    tenantId,
    scope,
    filters,
    orderField,
    direction,
    limit,
    after:
      continuation === undefined
        ? undefined
        : fromContinuation(continuation, fingerprint),
    fingerprint,
  };
}

function toFilters([field, condition]: [
  string,
  Partial<Record<Comparison, Scalar | undefined>>,
]): Filter[] {
  const filters: Filter[] = [];
  for (const comparison of ["eq", "gt", "gte", "lt", "lte"] as const) {
    const value = condition[comparison];
    if (value !== undefined) filters.push({ field, comparison, value });
  }
  // An empty range would widen the query to everything.
  if (filters.length === 0) throw new NucleusError("document_invalid");
  return filters;
}

const Continuation = z.tuple([
  z.string(),
  z.union([ScalarValue, z.null()]),
  Tag,
  Tag,
]);

/** The opaque form of where a page ended. */
export function toContinuation(query: PlainQuery, position: Position): string {
  const { value, id, scope } = position;
  return Buffer.from(
    JSON.stringify([query.fingerprint, value ?? null, id, scope]),
  ).toString("base64url");
}

function fromContinuation(continuation: string, fingerprint: string): Position {
  const parsed = Continuation.safeParse(parseJson(continuation));
  if (!parsed.success || parsed.data[0] !== fingerprint) {
    throw new NucleusError("request_invalid");
  }
  const [, value, id, scope] = parsed.data;
  return { value: value ?? undefined, id, scope };
}

function parseJson(continuation: string): unknown {
  try {
    return JSON.parse(Buffer.from(continuation, "base64url").toString("utf8"));
  } catch {
    return undefined;
  }
}
