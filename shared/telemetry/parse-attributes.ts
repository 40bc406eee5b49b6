import type { Attributes } from "@opentelemetry/api";
import type { z } from "zod";

/**
 * The attributes that have the shape their schema asks for. If one does not, none is kept: whatever put it there may
 * have mixed up the others as well. It never throws.
 */
export function parseAttributes(schema: z.ZodType, given: unknown): Attributes {
  const parsed = schema.safeParse(given);
  if (!parsed.success) return { "nucleus.refused": true };
  return Object.fromEntries(
    Object.entries(parsed.data as Attributes).filter(
      ([, value]) => value !== undefined,
    ),
  );
}
