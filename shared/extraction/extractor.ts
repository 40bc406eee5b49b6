import type { Content } from "../kernel/content.ts";
import type { ErrorCode } from "../kernel/errors.ts";
import type { MediaType, Tag } from "../kernel/metadata.ts";

/** A document as it was retrieved. */
export interface ExtractionInput {
  /** The document's bytes, read once and in order. */
  readonly bytes: AsyncIterable<Uint8Array>;
  /** Opens the same bytes again: with it, a part that ends its reader costs that part alone. */
  readonly reopen?: () => AsyncIterable<Uint8Array>;
  /** What the source says it is. Only breaks ties between kinds of text: the bytes decide. */
  readonly declaredMediaType?: string;
  /** The document's name. Only its extension is used, to break the same ties. */
  readonly fileName?: Content;
}

/** A document's text. */
export interface ExtractedText {
  /** What the bytes are. */
  readonly mediaType: MediaType;
  /** Markdown with headings, GFM tables, lists, and location marks (see `marks.ts`). */
  readonly text: Content;
  /** How many pages, slides, sheets or chapters it has, where the kind has any. */
  readonly pages?: number;
  readonly words: number;
}

/** A document inside another: what is attached to a mail, a file in an archive. */
export interface ExtractedPart {
  /** From 1, over all parts, parts of parts included. */
  readonly number: number;
  /** `2.1` is the first part of the second. */
  readonly path: Tag;
  /** A file name or a subject. */
  readonly name?: Content;
  readonly sizeBytes?: number;
  /** Its text, or why it has none. */
  readonly outcome: ExtractedText | { readonly code: ErrorCode };
}

export interface ExtractedDocument extends ExtractedText {
  /** In order. A part that cannot be read spoils no other. */
  readonly parts?: readonly ExtractedPart[];
  /** Why there may be more parts than these. */
  readonly incomplete?: ErrorCode;
}

/** Turns the bytes of a document into text with structure. */
export interface ContentExtractor {
  /**
   * Aborting `signal` stops the extraction and throws the signal's reason.
   *
   * @throws NucleusError `extraction_*`, and whatever reading `input.bytes` throws.
   */
  extract(
    input: ExtractionInput,
    signal?: AbortSignal,
  ): Promise<ExtractedDocument>;
  /** Ends what runs (it fails with `extraction_crashed`) and lets go of everything. */
  close(): Promise<void>;
}
