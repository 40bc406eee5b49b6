import { extname } from "node:path";
import type { ContentExtractor, ExtractionInput } from "../extractor.ts";
import type { JobHeader } from "../protocol.ts";
import { createChildPool } from "./child-pool.ts";
import type { ChildOptions } from "./extraction-child.ts";
import { createFifoGate } from "./fifo-gate.ts";

export interface ChildProcessExtractorOptions extends ChildOptions {
  /** The bundled extraction child, or `shared/extraction/child/main.ts` itself. */
  readonly childModule: string | URL;
  /** For one document, from the start of its reading. */
  readonly timeoutMs: number;
  readonly maxInputBytes: number;
  /** For all inflated parts of an archive together, and for the extracted text. */
  readonly maxUnpackedBytes: number;
  /** The most memory a child may have resident. */
  readonly maxRssBytes: number;
  /** The most documents that are read at once; others wait in order. */
  readonly maxChildren: number;
}

/** Extracts text in child processes: what a document does to its reader, it does to one of them. */
export function createChildProcessExtractor(
  options: ChildProcessExtractorOptions,
): ContentExtractor {
  const gate = createFifoGate(options.maxChildren);
  const pool = createChildPool(options);
  return {
    async extract(input, signal) {
      const leave = await gate.enter(signal);
      try {
        const seat = pool.take();
        const { child } = seat;
        const abort = (): void => child.kill("extraction_crashed");
        const timer = setTimeout(
          () => child.kill("extraction_timeout"),
          options.timeoutMs,
        );
        signal?.addEventListener("abort", abort, { once: true });
        try {
          return await child.run(toHeader(input), input.bytes);
        } catch (error) {
          signal?.throwIfAborted();
          throw error;
        } finally {
          clearTimeout(timer);
          signal?.removeEventListener("abort", abort);
          await pool.putBack(seat);
        }
      } finally {
        leave();
      }
    },
    close: () => pool.close(),
  };
}

function toHeader({ declaredMediaType, fileName }: ExtractionInput): JobHeader {
  const extension = extname(fileName?.revealText() ?? "").toLowerCase();
  const mediaType = declaredMediaType?.split(";")[0]?.trim().toLowerCase();
  return {
    ...(mediaType === undefined ? {} : { declaredMediaType: mediaType }),
    ...(extension === "" ? {} : { extension }),
  };
}
