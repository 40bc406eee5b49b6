import type {
  BlobRequestConditions,
  BlockBlobClient,
  ContainerClient,
} from "@azure/storage-blob";
import {
  type BlobContainerOptions,
  createContainerClient,
  operationLimit,
} from "../../azure/blob-container.ts";
import {
  blobErrorOf,
  isConditionFailure,
  toBlobFailure,
} from "../../azure/blob-failure.ts";
import { listPages } from "../../azure/blob-pages.ts";
import { readBlob } from "../../azure/read-blob.ts";
import { systemNow, type Now } from "../../kernel/clock.ts";
import { NucleusError } from "../../kernel/errors.ts";
import { Tag } from "../../kernel/metadata.ts";
import {
  maxWrappedBytes,
  type KeyState,
  type KeyStore,
  type WrappedKey,
} from "../key-store.ts";
import type { VaultOwner } from "../vault-object.ts";
import { findCopyKeepers } from "./blob-copy-keepers.ts";
import { fromBlobPrefix, toBlobPrefix } from "./blob-names.ts";

export interface BlobKeyStoreOptions extends BlobContainerOptions {
  readonly now?: Now;
  readonly tombstoneTtlMs?: number;
}

const dayMs = 24 * 60 * 60 * 1000;
/** How often an operation looks anew when others change the same key meanwhile. */
const rounds = 5;
const suffix = ".key";

/**
 * The key store in a container of Blob Storage, in an account of its own: a block blob `{purpose}/{hash}.{owner}.key` for
 * each owner, whose bytes are the wrapped key and whose metadata says what wraps it.
 *
 * A key is made where there is none (If-None-Match), rewrapped where it is as it was read (If-Match), and shredded by
 * overwriting it, whatever is there, with an empty blob, the tombstone: so whoever comes late meets that. Nothing is
 * left of the wrapped key (K1) as long as the account keeps no copies, which `check` tries. A faded tombstone makes
 * room for a new key; a lifecycle rule removes it in the end, and with it the key of a job that was never finished
 * (`bicep/blob-lifecycle.json`).
 *
 * @throws RangeError when the service's URL is not https
 */
export function createBlobKeyStore(options: BlobKeyStoreOptions): KeyStore {
  const { now = systemNow, tombstoneTtlMs = 90 * dayMs } = options;
  const container = createContainerClient(options);

  const blobOf = (owner: VaultOwner): BlockBlobClient =>
    container.getBlockBlobClient(`${toBlobPrefix(owner)}${suffix}`);

  /** What is there, a faded tombstone included. */
  const find = (blob: BlockBlobClient) => onService(() => findKey(blob));

  const isFaded = (found: FoundKey): boolean =>
    found.state === "shredded" && found.shreddedAtMs + tombstoneTtlMs <= now();

  return {
    async create(owner, key) {
      assertFits(key);
      const blob = blobOf(owner);
      let conditions: BlobRequestConditions = { ifNoneMatch: "*" };
      for (let round = 0; round < rounds; round += 1) {
        if (await putKey(blob, key, conditions)) return "created";
        const found = await find(blob);
        if (found?.state === "live") return "exists";
        if (found && !isFaded(found)) return "shredded";
        conditions = found ? { ifMatch: found.etag } : { ifNoneMatch: "*" };
      }
      throw new NucleusError("store_unavailable");
    },

    async read(owner) {
      const found = await find(blobOf(owner));
      return found && !isFaded(found) ? toKeyState(found) : undefined;
    },

    async rewrap(owner, from, key) {
      assertFits(key);
      const blob = blobOf(owner);
      for (let round = 0; round < rounds; round += 1) {
        const found = await find(blob);
        if (found?.state !== "live" || found.kekVersion !== from)
          return "unchanged";
        if (await putKey(blob, key, { ifMatch: found.etag }))
          return "rewrapped";
      }
      throw new NucleusError("store_unavailable");
    },

    async shred(owner) {
      const blob = blobOf(owner);
      await onService(() => putTombstone(blob, now()));
    },

    underOtherVersions: (kekVersion) => listOthers(container, kekVersion),
    check: () => onService(() => findCopyKeepers(container)),
    close: () => Promise.resolve(),
  };
}

const failureCodes = {
  service: "keys",
  unavailable: "store_unavailable",
  throttled: "store_throttled",
} as const;

async function onService<T>(operation: () => Promise<T>): Promise<T> {
  try {
    return await operation();
  } catch (thrown) {
    throw toBlobFailure(thrown, failureCodes);
  }
}

type FoundKey = { readonly etag: string } & (
  | ({ readonly state: "live" } & WrappedKey)
  | { readonly state: "shredded"; readonly shreddedAtMs: number }
);

function toKeyState(found: FoundKey): KeyState {
  if (found.state === "shredded") return { state: "shredded" };
  const { state, wrapped, kekVersion } = found;
  return { state, wrapped, kekVersion };
}

/** A blob's metadata; names come back in lower case. */
type Marks = { readonly kekversion: string } | { readonly shreddedat: string };

/** @throws NucleusError content_tampered when the blob is neither key nor tombstone */
async function findKey(blob: BlockBlobClient): Promise<FoundKey | undefined> {
  try {
    const { headers, bytes } = await readBlob(blob);
    const wrapped = await readKey(bytes);
    const { etag = "", metadata = {} } = headers;
    const { kekversion, shreddedat = "" } = metadata;
    const shreddedAtMs = Date.parse(shreddedat);
    if (!Number.isNaN(shreddedAtMs))
      return { state: "shredded", shreddedAtMs, etag };
    if (kekversion === undefined || !isKeySize(wrapped.byteLength))
      throw new NucleusError("content_tampered");
    return { state: "live", wrapped, kekVersion: kekversion, etag };
  } catch (thrown) {
    if (blobErrorOf(thrown) === "BlobNotFound") return undefined;
    throw thrown;
  }
}

async function readKey(bytes: AsyncIterable<Uint8Array>): Promise<Uint8Array> {
  const wrapped = new Uint8Array(maxWrappedBytes);
  let filled = 0;
  for await (const chunk of bytes) {
    if (filled + chunk.byteLength > maxWrappedBytes)
      throw new NucleusError("content_tampered");
    wrapped.set(chunk, filled);
    filled += chunk.byteLength;
  }
  return wrapped.slice(0, filled);
}

/** Whether the conditions held, and the key is there. */
async function putKey(
  blob: BlockBlobClient,
  { wrapped, kekVersion }: WrappedKey,
  conditions: BlobRequestConditions,
): Promise<boolean> {
  const metadata: Marks = { kekversion: kekVersion };
  return onService(async () => {
    try {
      await blob.upload(wrapped, wrapped.byteLength, {
        metadata,
        conditions,
        ...operationLimit(),
      });
      return true;
    } catch (thrown) {
      if (isConditionFailure(thrown)) return false;
      throw thrown;
    }
  });
}

async function putTombstone(
  blob: BlockBlobClient,
  nowMs: number,
): Promise<void> {
  const metadata: Marks = { shreddedat: new Date(nowMs).toISOString() };
  await blob.upload("", 0, { metadata, ...operationLimit() });
}

/** Answered by listings alone, as the version is in each blob's metadata. */
async function* listOthers(
  container: ContainerClient,
  kekVersion: string,
): AsyncGenerator<VaultOwner, void> {
  const pages = listPages((limit) =>
    container.listBlobsFlat({ includeMetadata: true, ...limit }),
  );
  try {
    for await (const { segment } of pages) {
      for (const { name, metadata } of segment.blobItems) {
        const version = metadata?.["kekversion"];
        if (version === undefined || version === kekVersion) continue;
        if (!name.endsWith(suffix)) continue;
        const owner = fromBlobPrefix(name.slice(0, -suffix.length));
        if (owner) yield owner;
      }
    }
  } catch (thrown) {
    throw toBlobFailure(thrown, failureCodes);
  }
}

function isKeySize(sizeBytes: number): boolean {
  return sizeBytes > 0 && sizeBytes <= maxWrappedBytes;
}

/** A version is written as a header, so it has a tag's characters. */
function assertFits({ wrapped, kekVersion }: WrappedKey): void {
  if (!isKeySize(wrapped.byteLength) || !Tag.safeParse(kekVersion).success)
    throw new NucleusError("document_invalid");
}
