import { z } from "zod";
import { Content } from "../../kernel/content.ts";
import { type ErrorCode, NucleusError } from "../../kernel/errors.ts";
import { MediaType, Tag } from "../../kernel/metadata.ts";
import type { ExtractedPart, ExtractedText } from "../extractor.ts";
import {
  type Frame,
  maxPartDepth,
  maxPartName,
  maxParts,
} from "../protocol.ts";

const DocumentHeader = z.strictObject({
  mediaType: MediaType,
  pages: z.int().nonnegative().optional(),
  words: z.int().nonnegative(),
});
const PartHeader = z.strictObject({
  number: z.int().min(1).max(maxParts),
  path: Tag.regex(
    new RegExp(`^[1-9]\\d{0,3}(?:\\.[1-9]\\d{0,3}){0,${maxPartDepth}}$`),
  ),
  name: z.string().max(maxPartName).optional(),
  sizeBytes: z.int().nonnegative().optional(),
});
type PartHeader = z.output<typeof PartHeader>;
const FailureCode = z.enum([
  "extraction_unsupported",
  "extraction_corrupt",
  "extraction_encrypted",
  "extraction_ocr_off",
  "extraction_empty",
  "extraction_too_large",
]);

/** What came of a job: all of it, or, where the child ended within a part, what came before. */
export interface Answered {
  /** Undefined when an earlier child answered it. */
  readonly document: ExtractedText | undefined;
  readonly parts: readonly ExtractedPart[];
  /** The part that ended the child is the last of the parts, with this as its code. */
  readonly endedBy?: ErrorCode;
}

/** What a child answers to one job. */
export interface JobAnswer {
  readonly answered: Promise<Answered>;
  /** @throws when the child says what it may not say. */
  accept(frame: Frame): void;
  fail(error: unknown): void;
}

/** Collects a child's answer of at most `maxTextBytes`, from part `answeredParts` on; `onPart` hears of each part before it is read. */
export function createJobAnswer(
  maxTextBytes: number,
  answeredParts: number | undefined,
  onPart: () => void,
): JobAnswer {
  const { promise, resolve, reject } = Promise.withResolvers<Answered>();
  const parts: ExtractedPart[] = [];
  let document: ExtractedText | undefined;
  let openPart: PartHeader | undefined;
  let texts: Buffer[] = [];
  let size = 0;

  const endPart = (outcome: ExtractedPart["outcome"]): void => {
    if (openPart === undefined) throw new NucleusError("extraction_crashed");
    const { name, sizeBytes, ...part } = openPart;
    parts.push({
      ...part,
      ...(name !== undefined && { name: Content.fromText(name) }),
      ...(sizeBytes !== undefined && { sizeBytes }),
      outcome,
    });
    openPart = undefined;
  };
  const read = (payload: Buffer): void => {
    const { pages, ...header } = DocumentHeader.parse(toJson(payload));
    const text = Content.fromBytes(Buffer.concat(texts));
    texts = [];
    const extracted = {
      ...header,
      text,
      ...(pages !== undefined && { pages }),
    };
    if (openPart !== undefined) endPart(extracted);
    else document = extracted;
  };
  const failed = (payload: Buffer): void => {
    const code = FailureCode.parse(payload.toString());
    texts = [];
    if (openPart === undefined) reject(new NucleusError(code));
    else endPart({ code });
  };

  return {
    answered: promise,
    fail(error) {
      // What one part does to its reader costs that part alone, unless it may pass.
      if (!(error instanceof NucleusError) || error.retryable || !openPart) {
        reject(error);
        return;
      }
      endPart({ code: error.code });
      resolve({ document, parts, endedBy: error.code });
    },
    accept({ kind, payload }) {
      switch (kind) {
        case "text":
          texts.push(payload);
          size += payload.byteLength;
          if (size > maxTextBytes)
            throw new NucleusError("extraction_too_large");
          return;
        case "part":
          openPart = PartHeader.parse(toJson(payload));
          onPart();
          return;
        case "read":
          return read(payload);
        case "failed":
          return failed(payload);
        case "done":
          if (document === undefined && answeredParts === undefined)
            throw new NucleusError("extraction_crashed");
          return resolve({ document, parts });
        default:
          throw new NucleusError("extraction_crashed");
      }
    },
  };
}

function toJson(payload: Buffer): unknown {
  return JSON.parse(payload.toString());
}
