import { readFile } from "node:fs/promises";
import { fileURLToPath } from "node:url";
import { readMemory } from "../../../shared/extraction/adapters/read-memory.ts";
import {
  createChildProcessExtractor,
  type ChildProcessExtractorOptions,
} from "../../../shared/extraction/adapters/child-process.ts";
import type {
  ContentExtractor,
  ExtractedPart,
} from "../../../shared/extraction/extractor.ts";
import { Content } from "../../../shared/kernel/content.ts";
import { NucleusError } from "../../../shared/kernel/errors.ts";

export const mebibyte = 1 << 20;
export const maxRssBytes = 400 * mebibyte;

export const childModule = new URL(
  "../../../shared/extraction/child/main.ts",
  import.meta.url,
);

/** Tesseract's data for English. */
export const englishData = fileURLToPath(
  new URL(
    "../../../node_modules/@tesseract.js-data/eng/4.0.0_best_int",
    import.meta.url,
  ),
);

export function openExtractor(
  options: Partial<ChildProcessExtractorOptions> = {},
): ContentExtractor {
  return createChildProcessExtractor({
    childModule,
    timeoutMs: 25_000,
    maxInputBytes: 50 * mebibyte,
    maxUnpackedBytes: 128 * mebibyte,
    maxRssBytes,
    maxChildren: 1,
    ...options,
  });
}

export async function* inChunks(
  bytes: Uint8Array | string,
  size = 65_536,
): AsyncGenerator<Uint8Array> {
  const buffer = Buffer.from(bytes);
  for (let at = 0; at < buffer.byteLength; at += size) {
    yield buffer.subarray(at, at + size);
  }
}

export interface Outcome {
  readonly text?: string;
  readonly mediaType?: string;
  readonly pages?: number;
  readonly words?: number;
  readonly code?: string;
  /** By path. */
  readonly parts?: Readonly<Record<string, PartOutcome>>;
  readonly incomplete?: string;
}

interface PartOutcome {
  readonly name?: string;
  readonly mediaType?: string;
  readonly text?: string;
  readonly code?: string;
}

/** Extracts `bytes` and tells what came out: the document, or the code of the failure. */
export async function extract(
  extractor: ContentExtractor,
  bytes: Uint8Array | string,
  fileName?: string,
): Promise<Outcome> {
  try {
    const { text, parts, ...rest } = await extractor.extract({
      bytes: inChunks(bytes),
      reopen: () => inChunks(bytes),
      ...(fileName === undefined
        ? {}
        : { fileName: Content.fromText(fileName) }),
    });
    return {
      ...rest,
      text: text.revealText(),
      ...(parts && {
        parts: Object.fromEntries(
          parts.map((part) => [part.path, toPartOutcome(part)]),
        ),
      }),
    };
  } catch (error) {
    if (!(error instanceof NucleusError)) throw error;
    return { code: error.code };
  }
}

function toPartOutcome({ name, outcome }: ExtractedPart): PartOutcome {
  return {
    ...(name && { name: name.revealText() }),
    ...("code" in outcome
      ? { code: outcome.code }
      : { mediaType: outcome.mediaType, text: outcome.text.revealText() }),
  };
}

/** The process ids of this process's children. */
export async function childPids(): Promise<readonly number[]> {
  const list = await readFile(
    `/proc/self/task/${process.pid}/children`,
    "utf8",
  ).catch(() => "");
  return list.split(" ").filter(Boolean).map(Number);
}

/** Runs `work` and tells the highest resident memory of any of its children, in bytes. */
export async function peakOfChildren<T>(
  work: () => Promise<T>,
): Promise<{ readonly result: T; readonly peakBytes: number }> {
  let peakBytes = 0;
  const look = async (): Promise<void> => {
    for (const pid of await childPids()) {
      const memory = await readMemory(pid);
      peakBytes = Math.max(peakBytes, memory?.peakBytes ?? 0);
    }
  };
  const timer = setInterval(() => void look(), 5);
  const result = await work().finally(() => clearInterval(timer));
  await look();
  return { result, peakBytes };
}
