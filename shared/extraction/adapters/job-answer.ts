import { z } from "zod";
import { Content } from "../../kernel/content.ts";
import { NucleusError } from "../../kernel/errors.ts";
import { MediaType } from "../../kernel/metadata.ts";
import type { ExtractedDocument } from "../extractor.ts";
import type { Frame } from "../protocol.ts";

const ResultHeader = z.strictObject({
  mediaType: MediaType,
  pages: z.int().nonnegative().optional(),
  words: z.int().nonnegative(),
});
const FailureCode = z.enum([
  "extraction_unsupported",
  "extraction_corrupt",
  "extraction_encrypted",
  "extraction_empty",
  "extraction_too_large",
]);

/** What a child answers to one job. */
export interface JobAnswer {
  readonly document: Promise<ExtractedDocument>;
  /** @throws when the child says what it may not say. */
  accept(frame: Frame): void;
  fail(error: unknown): void;
}

/** Collects a child's answer of at most `maxTextBytes`. */
export function createJobAnswer(maxTextBytes: number): JobAnswer {
  const { promise, resolve, reject } =
    Promise.withResolvers<ExtractedDocument>();
  const texts: Buffer[] = [];
  let size = 0;
  return {
    document: promise,
    fail: reject,
    accept({ kind, payload }) {
      if (kind === "text") {
        texts.push(payload);
        size += payload.byteLength;
        if (size > maxTextBytes) throw new NucleusError("extraction_too_large");
      } else if (kind === "failed") {
        reject(new NucleusError(FailureCode.parse(payload.toString())));
      } else if (kind === "done") {
        const { pages, ...result } = ResultHeader.parse(
          JSON.parse(payload.toString()),
        );
        const text = Content.fromBytes(Buffer.concat(texts));
        resolve({ ...result, text, ...(pages === undefined ? {} : { pages }) });
      } else {
        throw new NucleusError("extraction_crashed");
      }
    },
  };
}
