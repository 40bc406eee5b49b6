import { z } from "zod";

/** Where in a document something stands, as the document's kind counts: at most one of page, slide, sheet, chapter, time. */
export const Place = z.strictObject({
  /** The way to a document inside another: `2.1` is the first part of the second. */
  part: z.string().optional(),
  page: z.int().positive().optional(),
  slide: z.int().positive().optional(),
  sheet: z.string().optional(),
  /** Of a row of a sheet: `B7:F7`. */
  cells: z.string().optional(),
  chapter: z.int().positive().optional(),
  /** From the start of a recording: `01:02:03`. */
  time: z.string().optional(),
});
export type Place = z.infer<typeof Place>;
