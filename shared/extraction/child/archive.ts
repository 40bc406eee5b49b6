import { fromBufferPromise, type Entry, type ZipFile } from "yauzl";
import { Unreadable } from "./unreadable.ts";

/** A document that is a zip archive of parts. Only this reads zip archives: no library ever sees one. */
export interface Archive {
  has(name: string): boolean;
  /** The part's bytes; undefined when there is none of that name. Counted while they are inflated. */
  read(name: string): Promise<Buffer | undefined>;
  readonly names: readonly string[];
}

const maxEntries = 10_000;

/**
 * Opens a zip archive after a look at what it declares.
 *
 * A1. What the entries declare together, and what is really inflated over the archive's life, is at most
 *     `maxUnpackedBytes`; an entry that gives more than it declares is refused.
 * A2. Nothing is inflated before it is asked for.
 *
 * @throws Unreadable `extraction_too_large`, `extraction_encrypted`, `extraction_corrupt`
 */
export async function openArchive(
  bytes: Buffer,
  maxUnpackedBytes: number,
): Promise<Archive> {
  const zip = await fromBufferPromise(bytes, {
    autoClose: false,
    lazyEntries: true,
    validateEntrySizes: false,
  });
  const entries = new Map<string, Entry>();
  let declared = 0;
  for (const entry of await listEntries(zip)) {
    declared += entry.uncompressedSize;
    if (declared > maxUnpackedBytes) {
      throw new Unreadable("extraction_too_large");
    }
    if ((entry.generalPurposeBitFlag & 1) !== 0) {
      throw new Unreadable("extraction_encrypted");
    }
    entries.set(entry.fileName, entry);
  }

  let inflated = 0;
  return {
    names: [...entries.keys()],
    has: (name) => entries.has(name),
    async read(name) {
      const entry = entries.get(name);
      if (entry === undefined) return undefined;
      inflated += entry.uncompressedSize;
      if (inflated > maxUnpackedBytes) {
        throw new Unreadable("extraction_too_large");
      }
      return inflate(zip, entry);
    },
  };
}

async function listEntries(zip: ZipFile): Promise<Entry[]> {
  if (zip.entryCount > maxEntries) throw new Unreadable("extraction_too_large");
  const entries: Entry[] = [];
  for await (const entry of zip.eachEntry()) entries.push(entry);
  return entries;
}

async function inflate(zip: ZipFile, entry: Entry): Promise<Buffer> {
  const stream = await zip.openReadStreamPromise(entry);
  const bytes = Buffer.allocUnsafe(entry.uncompressedSize);
  let size = 0;
  for await (const chunk of stream as AsyncIterable<Buffer>) {
    if (size + chunk.byteLength > bytes.byteLength) {
      throw new Unreadable("extraction_too_large");
    }
    size += chunk.copy(bytes, size);
  }
  if (size < bytes.byteLength) throw new Unreadable("extraction_corrupt");
  return bytes;
}
