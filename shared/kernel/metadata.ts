import { z } from "zod";
import type { Content } from "./content.ts";

/**
 * Metadata is what may be kept: ids and tags, keyed hashes, sizes, counts, media types, timings, scores, codes.
 *
 * M1. Every schema of something that is logged, stored, queued or put into an orchestration is made of the blocks of
 *     this file and declared with `defineMetadata`.
 * M2. The blocks brand their strings, so a plain `string` (which may be content) does not compile where metadata is
 *     asked for; at run time the same schemas refuse what does not have metadata's shape.
 */

/** An id or tag: 1 to 128 of letters, digits and `_ . : @ -`. */
export const Tag = z
  .string()
  .regex(/^[\w.:@-]{1,128}$/, "must be 1 to 128 of A-Z a-z 0-9 _ . : @ -")
  .brand<"Tag">();
export type Tag = z.infer<typeof Tag>;

/** A UTC time, ISO 8601 with milliseconds. */
export const IsoTime = z.iso.datetime().brand<"IsoTime">();
export type IsoTime = z.infer<typeof IsoTime>;

/** A media type without parameters, such as `application/pdf`. */
export const MediaType = z
  .string()
  .regex(/^[a-z0-9][\w.+-]{0,62}\/[a-z0-9][\w.+-]{0,62}$/)
  .brand<"MediaType">();
export type MediaType = z.infer<typeof MediaType>;

/** A keyed hash (HMAC-SHA-256, base64url): content cannot be guessed from it without the tenant's key. */
export const KeyedHash = z
  .string()
  .regex(/^h1\.[\w-]{43}$/)
  .brand<"KeyedHash">();
export type KeyedHash = z.infer<typeof KeyedHash>;

/** A W3C `traceparent` header value. */
export const TraceParent = z
  .string()
  .regex(/^[0-9a-f]{2}-[0-9a-f]{32}-[0-9a-f]{16}-[0-9a-f]{2}$/)
  .brand<"TraceParent">();
export type TraceParent = z.infer<typeof TraceParent>;

/** An opaque handle to sealed content: `{owner}:{purpose}:{name}`. */
export const ContentRef = z
  .string()
  .regex(/^[\w-]{1,64}:(?:request|work|result|endpoint):[\w.-]{1,64}$/)
  .brand<"ContentRef">();
export type ContentRef = z.infer<typeof ContentRef>;

/** A count or size: a non-negative safe integer. */
export const Count = z.int().nonnegative();

/** The time `ms` (milliseconds since the epoch) as metadata. */
export function toIsoTime(ms: number): IsoTime {
  return IsoTime.parse(new Date(ms).toISOString());
}

/**
 * `T` if it holds nothing but metadata, else `never` where it does not: a plain `string` could be content, a literal or
 * branded one cannot.
 */
export type MetadataOnly<T> = T extends Content
  ? never
  : T extends string
    ? string extends T
      ? never
      : T
    : T extends number | boolean | null | undefined
      ? T
      : T extends readonly (infer U)[]
        ? readonly MetadataOnly<U>[]
        : T extends object
          ? { [K in keyof T]: MetadataOnly<T[K]> }
          : never;

/** Declares a schema as metadata (M1). Does not compile when a field could hold content. */
export function defineMetadata<S extends z.ZodType>(
  schema: S &
    (z.output<S> extends MetadataOnly<z.output<S>> ? unknown : NotMetadata),
): S {
  return schema;
}

/** Only to make the compiler's message readable. */
interface NotMetadata {
  readonly "a field of this schema could hold content: build it from Tag, IsoTime, MediaType, KeyedHash, ContentRef, Count or literals": never;
}
