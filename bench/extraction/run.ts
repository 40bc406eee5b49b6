import { execFile } from "node:child_process";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { extractOne, parseRead, type ReadFile } from "./extract-one.ts";
import { installPeers } from "../install-peers.ts";
import { extractors, loadOfficeWriter } from "./load-peers.ts";
import { type Score, score } from "./score.ts";
import { type ComparedFile, writeFiles } from "./write-files.ts";

/**
 * Nucleus's extraction beside two others on the same files, one process per file and extractor (this program again), in turn. Prints a table:
 * per kind the share of words, of neighbouring words and of table rows found, milliseconds and peak memory.
 */
const [, , extractor, path] = process.argv;
if (extractor !== undefined && path !== undefined) {
  await extractOne(extractor, path);
} else {
  const missing = installPeers(import.meta.dirname);
  if (missing !== undefined) throw new Error(missing);
  const folder = await mkdtemp(join(tmpdir(), "nucleus-extraction-"));
  try {
    const files = await writeFiles(await loadOfficeWriter());
    console.log(toTable(await measure(files, folder)));
  } finally {
    await rm(folder, { recursive: true });
  }
  process.exit(0);
}

interface Measured extends Score {
  readonly kind: string;
  readonly extractor: string;
  readonly ms: number;
  readonly peakMebibytes: number;
}

async function measure(
  files: readonly ComparedFile[],
  folder: string,
): Promise<Measured[]> {
  const measured: Measured[] = [];
  for (const [index, file] of files.entries()) {
    const path = join(folder, `${index}.${file.extension}`);
    await writeFile(path, file.bytes);
    for (const extractor of Object.keys(extractors)) {
      const { text, ...cost } = await readWith(extractor, path);
      measured.push({
        kind: file.kind,
        extractor,
        ...score(file, text),
        ...cost,
      });
    }
  }
  return measured;
}

async function readWith(extractor: string, path: string): Promise<ReadFile> {
  try {
    const { stdout } = await promisify(execFile)(
      process.execPath,
      [import.meta.filename, extractor, path],
      { maxBuffer: 1 << 28, timeout: 60_000 },
    );
    return parseRead(stdout);
  } catch {
    return { text: "", ms: Number.NaN, peakMebibytes: Number.NaN };
  }
}

function toTable(measured: readonly Measured[]): string {
  const names = Object.keys(extractors);
  const byKind = Map.groupBy(measured, ({ kind }) => kind);
  const lines = [...byKind].map(([kind, results]) => {
    const cells = names.map((name) =>
      toCell(results.filter(({ extractor }) => extractor === name)),
    );
    return `| ${kind} | ${cells.join(" | ")} |`;
  });
  return [
    `| kind | ${names.join(" | ")} |`,
    `| --- |${" --- |".repeat(names.length)}`,
    ...lines,
  ].join("\n");
}

/** Words, order, tables in per cent; milliseconds and mebibytes of the longer file. */
function toCell(results: readonly Measured[]): string {
  const percent = (values: readonly (number | undefined)[]): string => {
    const known = values.filter((value) => value !== undefined);
    if (known.length === 0) return "–";
    const mean = known.reduce((sum, value) => sum + value, 0) / known.length;
    return String(Math.floor(mean * 1000) / 10);
  };
  const recall = percent(results.map((result) => result.recall));
  if (recall === "0") return "not read";
  const shares = [
    recall,
    percent(results.map(({ order }) => order)),
    percent(results.map(({ tables }) => tables)),
  ];
  const { ms = 0, peakMebibytes = 0 } = results.at(-1) ?? {};
  return `${shares.join(" / ")}, ${Math.round(ms)} ms, ${Math.round(peakMebibytes)} MiB`;
}
