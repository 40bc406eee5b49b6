import { randomUUID } from "node:crypto";
import type {
  BlobClient,
  BlockBlobClient,
  ContainerClient,
} from "@azure/storage-blob";
import {
  type BlobContainerOptions,
  createContainerClient,
  operationLimit,
} from "../../azure/blob-container.ts";
import { blobErrorOf, toBlobFailure } from "../../azure/blob-failure.ts";
import { listPages } from "../../azure/blob-pages.ts";
import { readBlob } from "../../azure/read-blob.ts";
import { NucleusError } from "../../kernel/errors.ts";
import type { ContentVault } from "../content-vault.ts";
import { toFrames } from "../frames.ts";
import {
  toContentRef,
  type VaultObject,
  type VaultOwner,
} from "../vault-object.ts";
import { fromBlobPrefix, toBlobPrefix } from "./blob-names.ts";

export interface BlobContentVaultOptions extends BlobContainerOptions {
  /** What is held in memory of an object that is written, and the size up to which it is one request. 4 MiB by default. */
  readonly blockBytes?: number;
}

const defaultBlockBytes = 4 * 1024 * 1024;
const deletionsAtOnce = 16;

/**
 * The vault in a container of Blob Storage: block blobs `{purpose}/{hash}.{owner}/{name}.sealed`.
 *
 * A small object is one Put Blob, a larger one is staged block by block and committed by its list: either way it is there
 * at once or not at all (V1). Blocks that were never committed cannot be read, and the service drops them within a week.
 * A lifecycle rule deletes what a job that was never finished left behind (`bicep/blob-lifecycle.json`).
 *
 * @throws RangeError when the service's URL is not https
 */
export function createBlobContentVault(
  options: BlobContentVaultOptions,
): ContentVault {
  const { blockBytes = defaultBlockBytes } = options;
  const container = createContainerClient(options);

  return {
    async write(object, sealed) {
      const blob = container.getBlockBlobClient(toBlobName(object));
      const staged: StagedBlock[] = [];
      for await (const frame of toFrames(sealed, () => blockBytes)) {
        const { bytes, index, last } = frame;
        if (index === 0 && last) await onService(putWhole(blob, bytes));
        else staged.push(await onService(stageBlock(blob, bytes)));
      }
      if (staged.length > 0) await onService(commitBlocks(blob, staged));
    },

    read: (object) => readSealed(container.getBlobClient(toBlobName(object))),

    async deleteOwner(owner) {
      const prefix = `${toBlobPrefix(owner)}/`;
      await onService(deleteBelow(container, prefix));
    },

    owners: () => listOwners(container),
  };
}

function toBlobName(object: VaultObject): string {
  toContentRef(object);
  return `${toBlobPrefix(object)}/${object.name}.sealed`;
}

const failureCodes = {
  service: "vault",
  unavailable: "store_unavailable",
  throttled: "store_throttled",
} as const;

async function onService<T>(operation: Promise<T>): Promise<T> {
  try {
    return await operation;
  } catch (thrown) {
    throw toBlobFailure(thrown, failureCodes);
  }
}

async function putWhole(blob: BlockBlobClient, bytes: Buffer): Promise<void> {
  await blob.upload(bytes, bytes.byteLength, operationLimit());
}

interface StagedBlock {
  readonly id: string;
  /** When it was staged, by the service's clock, in milliseconds since the epoch; whole seconds. */
  readonly atMs: number;
}

async function stageBlock(
  blob: BlockBlobClient,
  bytes: Buffer,
): Promise<StagedBlock> {
  // All ids of a blob must have one length, those of other writers included.
  const id = Buffer.from(randomUUID()).toString("base64");
  const { date } = await blob.stageBlock(
    id,
    bytes,
    bytes.byteLength,
    operationLimit(),
  );
  return { id, atMs: date?.getTime() ?? Date.now() };
}

/**
 * Makes the staged blocks the object. Another writer that ends meanwhile takes them away, for its write drops what is
 * staged and not its own: then both writes have happened, this one first.
 */
async function commitBlocks(
  blob: BlockBlobClient,
  staged: readonly StagedBlock[],
): Promise<void> {
  const ids = staged.map(({ id }) => id);
  try {
    await blob.commitBlockList(ids, operationLimit());
  } catch (thrown) {
    const wasOvertaken =
      blobErrorOf(thrown) === "InvalidBlockList" &&
      (await wasWrittenSince(blob, staged[0]?.atMs ?? 0));
    if (!wasOvertaken) throw thrown;
  }
}

async function wasWrittenSince(blob: BlobClient, ms: number): Promise<boolean> {
  const { lastModified } = await blob.getProperties(operationLimit());
  return lastModified !== undefined && lastModified.getTime() >= ms;
}

async function* readSealed(blob: BlobClient): AsyncGenerator<Uint8Array, void> {
  try {
    yield* (await readBlob(blob)).bytes;
  } catch (thrown) {
    throw blobErrorOf(thrown) === "BlobNotFound"
      ? new NucleusError("content_missing")
      : toBlobFailure(thrown, failureCodes);
  }
}

async function deleteBelow(
  container: ContainerClient,
  prefix: string,
): Promise<void> {
  const pages = listPages((limit) =>
    container.listBlobsFlat({ prefix, ...limit }),
  );
  for await (const { segment } of pages) {
    const names = segment.blobItems.map(({ name }) => name);
    for (let at = 0; at < names.length; at += deletionsAtOnce) {
      const some = names.slice(at, at + deletionsAtOnce);
      await Promise.all(
        some.map((name) =>
          container.getBlobClient(name).deleteIfExists(operationLimit()),
        ),
      );
    }
  }
}

/** The containers' first level is purposes, its second owners. */
async function* listOwners(
  container: ContainerClient,
): AsyncGenerator<VaultOwner, void> {
  for await (const purpose of listFolders(container, "")) {
    for await (const folder of listFolders(container, purpose)) {
      const owner = fromBlobPrefix(folder.slice(0, -1));
      if (owner) yield owner;
    }
  }
}

async function* listFolders(
  container: ContainerClient,
  prefix: string,
): AsyncGenerator<string, void> {
  const pages = listPages((limit) =>
    container.listBlobsByHierarchy("/", { prefix, ...limit }),
  );
  try {
    for await (const { segment } of pages)
      for (const { name } of segment.blobPrefixes ?? []) yield name;
  } catch (thrown) {
    throw toBlobFailure(thrown, failureCodes);
  }
}
