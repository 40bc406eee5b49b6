import type { BlobContentVaultOptions } from "../../../shared/vault/adapters/blob-content-vault.ts";
import { createBlobContentVault } from "../../../shared/vault/adapters/blob-content-vault.ts";
import { Tag } from "../../../shared/kernel/metadata.ts";
import type { ContentVault } from "../../../shared/vault/content-vault.ts";
import type { BlobRequest } from "../../azure/blob-proxy.ts";
import type { BlobService } from "../../azure/blob-service.ts";

export const object = {
  owner: Tag.parse("j1"),
  purpose: "work",
  name: Tag.parse("n"),
} as const;
export const blockBytes = 64 * 1024;

/** A vault behind a proxy, whose blocks are small. */
export async function openBlobVault(
  service: BlobService,
  options: Partial<BlobContentVaultOptions> = {},
) {
  const { client, container, credential } =
    await service.createContainer("vault1");
  const proxy = await service.openProxy();
  const vault = createBlobContentVault({
    serviceUrl: proxy.serviceUrl("vault1"),
    container,
    credential,
    blockBytes,
    retryDelayMs: 0,
    ...options,
  });
  return { vault, proxy, client };
}

export async function* inChunks(
  bytes: Uint8Array,
  size = 10_000,
): AsyncGenerator<Uint8Array> {
  for (let at = 0; at < bytes.byteLength; at += size)
    yield bytes.subarray(at, at + size);
}

export async function collect<T>(items: AsyncIterable<T>): Promise<T[]> {
  const all: T[] = [];
  for await (const item of items) all.push(item);
  return all;
}

/** The bytes of `object`. */
export async function readAll(vault: ContentVault): Promise<Buffer> {
  return Buffer.concat(await collect(vault.read(object)));
}

export function isDownload({ method, path }: BlobRequest): boolean {
  return method === "GET" && !path.includes("comp=");
}
