import { extname } from "node:path";
import { NucleusError } from "../../kernel/errors.ts";
import type {
  ContentExtractor,
  ExtractedDocument,
  ExtractionInput,
} from "../extractor.ts";
import type { JobHeader } from "../protocol.ts";
import { createChildPool } from "./child-pool.ts";
import type { ChildOptions } from "./extraction-child.ts";
import { createFifoGate } from "./fifo-gate.ts";
import type { Answered } from "./job-answer.ts";

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

  const run = async (
    job: Job,
    header: JobHeader,
    bytes: AsyncIterable<Uint8Array>,
  ): Promise<Answered> => {
    const seat = pool.take();
    const { child } = seat;
    const abort = (): void => child.kill("extraction_crashed");
    const leftMs = (): number =>
      Math.max(0, job.deadlineMs - performance.now());
    const endAfter = (ms: number): NodeJS.Timeout =>
      setTimeout(() => child.kill("extraction_timeout"), ms);
    let timer = endAfter(leftMs());
    const onPart = (): void => {
      clearTimeout(timer);
      timer = endAfter(Math.min(leftMs(), options.timeoutMs / maxReaders));
    };
    job.signal?.addEventListener("abort", abort, { once: true });
    try {
      return await child.run(header, bytes, onPart);
    } catch (error) {
      job.signal?.throwIfAborted();
      throw error;
    } finally {
      clearTimeout(timer);
      job.signal?.removeEventListener("abort", abort);
      await pool.putBack(seat);
    }
  };

  return {
    async extract(input, signal) {
      const leave = await gate.enter(signal);
      const deadlineMs = performance.now() + options.timeoutMs;
      try {
        return await readOn(
          input,
          (header, bytes) => run({ deadlineMs, signal }, header, bytes),
          () => performance.now() >= deadlineMs,
        );
      } finally {
        leave();
      }
    },
    close: () => pool.close(),
  };
}

interface Job {
  readonly deadlineMs: number;
  readonly signal: AbortSignal | undefined;
}

/** So many parts may end their reader before the rest is given up; a part has this share of the whole's time. */
const maxReaders = 4;

/** Reads the document, and goes on behind a part that ended its reader with another one. */
async function readOn(
  input: ExtractionInput,
  run: (
    header: JobHeader,
    bytes: AsyncIterable<Uint8Array>,
  ) => Promise<Answered>,
  isOver: () => boolean,
): Promise<ExtractedDocument> {
  const header = toHeader(input);
  const { document, ...first } = await run(header, input.bytes);
  if (document === undefined) throw new NucleusError("extraction_crashed");
  const parts = [...first.parts];
  let { endedBy } = first;
  for (let readers = 1; endedBy !== undefined; readers += 1) {
    if (isOver() || readers === maxReaders || input.reopen === undefined) break;
    const answeredParts = parts.at(-1)?.number ?? 0;
    const next = await run({ ...header, answeredParts }, input.reopen()).catch(
      toEnd,
    );
    parts.push(...next.parts);
    ({ endedBy } = next);
  }
  return {
    ...document,
    ...(parts.length > 0 && { parts }),
    ...(endedBy !== undefined && { incomplete: endedBy }),
  };
}

/** What cannot be mended ends the reading, not what was read before. */
function toEnd(error: unknown): Omit<Answered, "document"> {
  if (error instanceof NucleusError && !error.retryable)
    return { parts: [], endedBy: error.code };
  throw error;
}

function toHeader({ declaredMediaType, fileName }: ExtractionInput): JobHeader {
  const extension = extname(fileName?.revealText() ?? "").toLowerCase();
  const mediaType = declaredMediaType?.split(";")[0]?.trim().toLowerCase();
  return {
    ...(mediaType === undefined ? {} : { declaredMediaType: mediaType }),
    ...(extension === "" ? {} : { extension }),
  };
}
