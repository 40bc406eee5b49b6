import type { Dirent } from "node:fs";
import { open, readdir } from "node:fs/promises";
import { join, relative } from "node:path";
import { readDatabaseValues } from "./database-values.ts";
import type { Finding, LeakScanner } from "./scanner.ts";

/** A piece of what a sink holds: a file, a value, a line, a message. */
export type SinkItem = Uint8Array | AsyncIterable<Uint8Array>;

/** A place where the app's bytes may land. */
export interface Sink {
  /** Such as `home/documents.sqlite`; it never holds content. */
  readonly name: string;
  readonly items: () => AsyncIterable<SinkItem> | Iterable<SinkItem>;
}

export interface Leak extends Finding {
  readonly sink: string;
}

/** A request as a webhook subscriber receives it. */
export interface ReceivedRequest {
  readonly headers: Readonly<Record<string, string | string[] | undefined>>;
  readonly body: Uint8Array;
}

/** What one run of the app on one machine wrote and sent. */
export interface RunOutput {
  /** NUCLEUS_HOME: task hub, documents, vault, keys, queues, issuer. */
  readonly home: string;
  /** The temporary folder, and the names that were in it before the run. */
  readonly temporary: {
    readonly folder: string;
    readonly before: ReadonlySet<string>;
  };
  /** The host's and the app's log lines as they were written. */
  readonly logLines: readonly string[];
  /** What the app's processes wrote to stdout and stderr beside their log. */
  readonly processOutput: readonly Uint8Array[];
  /** Webhooks and callbacks that subscribers received. */
  readonly webhooks: readonly ReceivedRequest[];
  /** Bodies and properties of the messages that went through the queues. */
  readonly messages: readonly Uint8Array[];
  /** Bodies, unpacked, that the ingestion endpoint of the telemetry received; none where none is configured. */
  readonly telemetry: readonly Uint8Array[];
}

/**
 * Every place where bytes may land on one machine: THE list. A new place joins by a field in `RunOutput`, which every
 * run must then fill, and an entry here.
 */
export async function createSinks(run: RunOutput): Promise<readonly Sink[]> {
  return [
    ...(await toFileSinks("home", run.home, new Set())),
    ...(await toFileSinks(
      "temporary",
      run.temporary.folder,
      run.temporary.before,
    )),
    { name: "log", items: () => run.logLines.map((line) => Buffer.from(line)) },
    { name: "process output", items: () => run.processOutput },
    {
      name: "webhooks",
      items: () =>
        run.webhooks.flatMap((request) => [...toRequestItems(request)]),
    },
    { name: "queues", items: () => run.messages },
    { name: "telemetry", items: () => run.telemetry },
  ];
}

/** Searches every item of every sink. Names, positions and encodings of what it finds; never the content. */
export async function scanSinks(
  sinks: readonly Sink[],
  scanner: LeakScanner,
): Promise<readonly Leak[]> {
  const leaks = new Map<string, Leak>();
  for (const sink of sinks)
    for await (const item of sink.items())
      for (const finding of await scanner.scan(item)) {
        const leak = { sink: sink.name, ...finding };
        const key = JSON.stringify([leak.sink, leak.marker, leak.encoding]);
        if (!leaks.has(key)) leaks.set(key, leak);
      }
  return [...leaks.values()];
}

/** One sink per file. Its name may be content, as the temporary file of a careless library: it is searched as well. */
async function toFileSinks(
  name: string,
  folder: string,
  before: ReadonlySet<string>,
): Promise<readonly Sink[]> {
  const paths = (await listBelow(folder, await listFolder(folder)))
    .map((entry) => ({
      isFile: entry.isFile(),
      path: relative(folder, join(entry.parentPath, entry.name)),
    }))
    .filter(({ path }) => !before.has(path.split("/")[0] ?? ""));
  const names: Sink = {
    name: `${name} (names)`,
    items: () => paths.map(({ path }) => Buffer.from(path)),
  };
  const files = paths.filter(({ isFile }) => isFile);
  return [
    names,
    ...files.map(({ path }, index) => ({
      name: `${name}/${toMetadataName(path, index)}`,
      items: () => readFileItems(join(folder, path)),
    })),
  ];
}

/** Entries and, depth first, what lies below them. The app may be at work: a folder that is gone by now is empty. */
async function listBelow(
  folder: string,
  entries: readonly Dirent[],
): Promise<readonly Dirent[]> {
  const lists = entries.map(async (entry) => {
    if (!entry.isDirectory()) return [entry];
    const path = join(folder, entry.name);
    const below = await unlessGone(listFolder(path), []);
    return [entry, ...(await listBelow(path, below))];
  });
  return (await Promise.all(lists)).flat();
}

function listFolder(folder: string): Promise<Dirent[]> {
  return readdir(folder, { withFileTypes: true });
}

/** A finding's report must not repeat a name that is content: only names made of an id's signs are shown. */
function toMetadataName(path: string, index: number): string {
  return /^[\w.@/-]{1,200}$/.test(path) ? path : `file ${index + 1}`;
}

/** A file's bytes and, when it is a database, also each of its values: text may be split over pages. */
async function* readFileItems(file: string): AsyncGenerator<SinkItem> {
  const handle = await unlessGone(open(file), undefined);
  if (handle === undefined) return;
  const start = Buffer.alloc(databaseSignature.length);
  await handle.read(start, 0, start.length, 0);
  // Through the open file, because its name may be taken away meanwhile.
  yield handle.createReadStream({ start: 0, highWaterMark: 1024 * 1024 });
  if (start.equals(databaseSignature)) yield* readDatabaseValues(file);
}

const databaseSignature = Buffer.from("SQLite format 3\0");

function* toRequestItems(request: ReceivedRequest): Generator<Uint8Array> {
  yield request.body;
  for (const [name, value] of Object.entries(request.headers))
    yield Buffer.from(`${name}: ${String(value)}`);
}

/** What was deleted since it was listed holds nothing any more. */
async function unlessGone<T, U>(
  found: Promise<T>,
  otherwise: U,
): Promise<T | U> {
  try {
    return await found;
  } catch (error) {
    if (error instanceof Error && "code" in error && error.code === "ENOENT")
      return otherwise;
    throw error;
  }
}
