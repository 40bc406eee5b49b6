import { randomBytes, randomUUID } from "node:crypto";
import type { ContainerClient } from "@azure/storage-blob";
import { operationLimit } from "../../azure/blob-container.ts";
import { listPages } from "../../azure/blob-pages.ts";
import { maxWrappedBytes, type CopyKeeper } from "../key-store.ts";

/**
 * Overwrites and deletes a blob of noise below `checks/` and looks for what is left of it: with the app's own role, which
 * may not read the account's settings. Versioning hides soft delete, which is found once versioning is off.
 */
export async function findCopyKeepers(
  container: ContainerClient,
): Promise<readonly CopyKeeper[]> {
  const prefix = `checks/${randomUUID()}`;
  const blob = container.getBlockBlobClient(prefix);
  const noise = randomBytes(maxWrappedBytes);
  await blob.upload(noise, noise.byteLength, operationLimit());
  const { versionId } = await blob.upload("", 0, operationLimit());
  await blob.deleteIfExists(operationLimit());

  const found = new Set<CopyKeeper>();
  if (versionId !== undefined) found.add("versioning");
  const pages = listPages((limit) =>
    container.listBlobsFlat({
      prefix,
      includeDeleted: true,
      includeSnapshots: true,
      ...limit,
    }),
  );
  for await (const { segment } of pages)
    if (segment.blobItems.length > 0) found.add("soft-delete");
  return [...found];
}
