import { fromBufferPromise, type Entry, type ZipFile } from "yauzl";
import type { Budget } from "./budget.ts";
import { Unreadable } from "./unreadable.ts";

/** A document that is a zip archive of parts. Only this reads zip archives: no library ever sees one. */
export interface Archive {
  has(name: string): boolean;
  /**
   * The part's bytes; undefined when there is none of that name. Counted while they are inflated.
   *
   * @throws Unreadable `extraction_too_large`, `extraction_encrypted`, `extraction_corrupt`
   */
  read(name: string): Promise<Buffer | undefined>;
  /** What the part's size is said to be. */
  sizeOf(name: string): number | undefined;
  /** Some part is. */
  readonly isEncrypted: boolean;
  /** What all parts together say that they inflate to. */
  readonly declaredBytes: number;
  readonly names: readonly string[];
}

const maxEntries = 10_000;

/**
 * Opens a zip archive after a look at what it declares.
 *
 * A1. What is inflated is taken from the budget; an entry that gives more than it declares is refused.
 * A2. Nothing is inflated before it is asked for.
 *
 * @throws Unreadable `extraction_too_large`
 */
export async function openArchive(
  bytes: Buffer,
  budget: Budget,
): Promise<Archive> {
  const zip = await fromBufferPromise(bytes, {
    autoClose: false,
    lazyEntries: true,
    validateEntrySizes: false,
  });
  const entries = new Map<string, Entry>();
  let declaredBytes = 0;
  for (const entry of await listEntries(zip)) {
    declaredBytes += entry.uncompressedSize;
    entries.set(entry.fileName, entry);
  }

  return {
    names: [...entries.keys()],
    has: (name) => entries.has(name),
    sizeOf: (name) => entries.get(name)?.uncompressedSize,
    declaredBytes,
    isEncrypted: [...entries.values()].some(isEncrypted),
    async read(name) {
      const entry = entries.get(name);
      if (entry === undefined) return undefined;
      if (isEncrypted(entry)) throw new Unreadable("extraction_encrypted");
      budget.spend(entry.uncompressedSize);
      return inflate(zip, entry);
    },
  };
}

function isEncrypted(entry: Entry): boolean {
  return (entry.generalPurposeBitFlag & 1) !== 0;
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
