import { randomBytes } from "node:crypto";
import { describe, expect, it } from "vitest";
import type { ContainerClient } from "@azure/storage-blob";
import { Tag } from "../../../shared/kernel/metadata.ts";
import { createBlobContentVault } from "../../../shared/vault/adapters/blob-content-vault.ts";
import {
  type BlobRequest,
  listInPagesOf,
  storageError,
} from "../../azure/blob-proxy.ts";
import { useBlobService } from "../../azure/blob-service.ts";
import { describeContentVaultContract } from "../../contracts/content-vault.ts";
import {
  blockBytes,
  collect,
  inChunks,
  object,
  openBlobVault,
  readAll,
} from "./blob-vault-fixture.ts";

const service = useBlobService();

describeContentVaultContract("Blob Storage", async () =>
  createBlobContentVault(await service.createContainer("vault1")),
);

async function blobsIn(client: ContainerClient): Promise<string[]> {
  const names: string[] = [];
  for await (const { name } of client.listBlobsFlat()) names.push(name);
  return names;
}

const isCommit = ({ path }: BlobRequest): boolean =>
  path.includes("comp=blocklist");

describe("Blob vault writes", () => {
  it.each([
    [0, 1],
    [blockBytes, 1],
    [blockBytes + 1, 3],
    [3 * blockBytes, 4],
  ])("%i bytes with %i requests", async (size, count) => {
    const { vault, proxy } = await openBlobVault(service);
    const bytes = randomBytes(size);
    await vault.write(object, inChunks(bytes));
    expect(proxy.requests).toHaveLength(count);
    expect((await readAll(vault)).equals(bytes)).toBe(true);
  });

  it("a source that breaks after blocks were staged leaves the earlier object, or none", async () => {
    const { vault, client } = await openBlobVault(service);
    async function* breaking() {
      yield* inChunks(randomBytes(3 * blockBytes));
      throw new Error("source broke");
    }
    await expect(vault.write(object, breaking())).rejects.toThrow(
      "source broke",
    );
    expect(await blobsIn(client)).toEqual([]);
    const old = randomBytes(10);
    await vault.write(object, inChunks(old));
    await expect(vault.write(object, breaking())).rejects.toThrow(
      "source broke",
    );
    expect((await readAll(vault)).equals(old)).toBe(true);
  });

  it("a write whose blocks another's took away counts as the earlier of the two", async () => {
    const { vault, proxy } = await openBlobVault(service);
    const other = randomBytes(2 * blockBytes);
    let isFirst = true;
    proxy.intercept(async (request) => {
      if (!isCommit(request) || !isFirst) return undefined;
      isFirst = false;
      await vault.write(object, inChunks(other));
      return undefined;
    });
    await vault.write(object, inChunks(randomBytes(2 * blockBytes)));
    expect((await readAll(vault)).equals(other)).toBe(true);
  });

  it("writers of one large object at the same time leave one of their objects whole", async () => {
    const { vault } = await openBlobVault(service);
    const all = Array.from({ length: 4 }, () => randomBytes(5 * blockBytes));
    await Promise.all(all.map((each) => vault.write(object, inChunks(each))));
    const left = await readAll(vault);
    expect(all.filter((each) => each.equals(left))).toHaveLength(1);
  });

  it("no more of the source is taken than fits into one block", async () => {
    const { vault, proxy } = await openBlobVault(service);
    let taken = 0;
    let staged = 0;
    let mostHeld = 0;
    async function* counted() {
      for await (const chunk of inChunks(randomBytes(20 * blockBytes))) {
        taken += chunk.byteLength;
        yield chunk;
      }
    }
    proxy.intercept(({ path }) => {
      mostHeld = Math.max(mostHeld, taken - staged);
      if (path.includes("comp=block&")) staged += blockBytes;
      return undefined;
    });
    await vault.write(object, counted());
    expect(mostHeld).toBeLessThanOrEqual(blockBytes + 10_000);
  });

  it("a write whose blocks a deletion took away fails for a while, and can be repeated", async () => {
    const { vault, proxy } = await openBlobVault(service);
    const bytes = randomBytes(2 * blockBytes);
    proxy.intercept(async (request) => {
      if (!isCommit(request)) return undefined;
      proxy.intercept(() => undefined);
      await vault.write(object, inChunks(randomBytes(2 * blockBytes)));
      await vault.deleteOwner(object);
      return undefined;
    });
    await expect(vault.write(object, inChunks(bytes))).rejects.toMatchObject({
      code: "store_unavailable",
    });
    await vault.write(object, inChunks(bytes));
    expect((await readAll(vault)).equals(bytes)).toBe(true);
  });

  it("answers that are lost, and a service that fails for a moment, are tried again", async () => {
    const { vault, proxy } = await openBlobVault(service);
    const bytes = randomBytes(2 * blockBytes);
    const seen = new Map<string, number>();
    proxy.intercept(({ method, path }) => {
      const nth = (seen.get(method + path) ?? 0) + 1;
      seen.set(method + path, nth);
      if (nth === 1) return { kind: "lose" };
      return nth === 2 ? storageError(500, "InternalError") : undefined;
    });
    await vault.write(object, inChunks(bytes));
    expect(proxy.requests).toHaveLength(9);
    expect((await readAll(vault)).equals(bytes)).toBe(true);
  });
});

describe("Blob vault deletes and lists", () => {
  it("many objects of many owners, page by page", async () => {
    const { vault, proxy } = await openBlobVault(service);
    const owners = Array.from({ length: 7 }, (_, n) => Tag.parse(`j${n}`));
    for (const owner of owners)
      for (const name of ["a", "b", "c"])
        await vault.write(
          { owner, purpose: "result", name: Tag.parse(name) },
          inChunks(randomBytes(3)),
        );
    const pages = listInPagesOf(proxy, 2);
    const found = await collect(vault.owners());
    expect(found.map(({ owner }) => owner).toSorted()).toEqual(owners);
    for (const owner of owners.slice(1))
      await vault.deleteOwner({ owner, purpose: "result" });
    expect(await collect(vault.owners())).toEqual([
      { owner: "j0", purpose: "result" },
    ]);
    expect(pages()).toBeGreaterThan(10);
  });

  it("blobs of others in the container are no owners", async () => {
    const { vault, client } = await openBlobVault(service);
    const foreign = [
      "readme",
      "notes/kek.lock",
      "work/x.j1/a",
      "other/abcd.j1/a",
    ];
    for (const name of foreign) await client.uploadBlockBlob(name, "x", 1);
    expect(await collect(vault.owners())).toEqual([]);
  });
});
