import { readFile } from "node:fs/promises";
import { extname } from "node:path";
import { extractors } from "./load-peers.ts";

/** One extractor reads one file in a process of its own: what it found, how long it took, and the most memory. */
export interface ReadFile {
  readonly text: string;
  readonly ms: number;
  readonly peakMebibytes: number;
}

/** Writes the {@link ReadFile} of `path` to standard output as JSON. */
export async function extractOne(name: string, path: string): Promise<void> {
  const bytes = await readFile(path);
  const extension = extname(path).slice(1);
  const extract = await extractors[name]?.();
  const startedAtMs = performance.now();
  const text = (await extract?.(bytes, extension).catch(() => "")) ?? "";
  const read: ReadFile = {
    text,
    ms: performance.now() - startedAtMs,
    peakMebibytes: process.resourceUsage().maxRSS / 1024,
  };
  // Some libraries print, and some never let go.
  process.stdout.write(`${marker}${JSON.stringify(read)}`, () =>
    process.exit(0),
  );
}

/** The {@link ReadFile} in what a process wrote. */
export function parseRead(output: string): ReadFile {
  const start = output.lastIndexOf(marker) + marker.length;
  return JSON.parse(output.slice(start)) as ReadFile;
}

const marker = "\nread:";
