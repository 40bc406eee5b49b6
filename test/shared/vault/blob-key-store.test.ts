import { randomBytes } from "node:crypto";
import type { ContainerClient } from "@azure/storage-blob";
import { describe, expect, it } from "vitest";
import { Tag } from "../../../shared/kernel/metadata.ts";
import { createBlobKeyStore } from "../../../shared/vault/adapters/blob-key-store.ts";
import type { KeyStore, WrappedKey } from "../../../shared/vault/key-store.ts";
import { listInPagesOf, storageError } from "../../azure/blob-proxy.ts";
import { useBlobService } from "../../azure/blob-service.ts";
import { describeKeyStoreContract } from "../../contracts/key-store.ts";
import { createManualClock } from "../../support/manual-clock.ts";

const service = useBlobService();

async function collect<T>(items: AsyncIterable<T>): Promise<T[]> {
  const all: T[] = [];
  for await (const item of items) all.push(item);
  return all;
}

describeKeyStoreContract("Blob Storage", async (options) =>
  createBlobKeyStore({
    ...(await service.createContainer("keys1")),
    ...options,
  }),
);

const owner = { owner: Tag.parse("j1"), purpose: "work" } as const;
const newKey = (kekVersion = "1") => {
  const key = { wrapped: randomBytes(60), kekVersion };
  return key satisfies WrappedKey;
};

async function openKeys(tombstoneTtlMs = 1000) {
  const { client, container, credential } =
    await service.createContainer("keys1");
  const proxy = await service.openProxy();
  const clock = createManualClock();
  const options = {
    serviceUrl: proxy.serviceUrl("keys1"),
    container,
    credential,
    retryDelayMs: 0,
  };
  const store = createBlobKeyStore({
    ...options,
    now: clock.now,
    tombstoneTtlMs,
  });
  return { store, proxy, client, clock, options };
}

/** Everything that the container has: names, metadata and bytes, snapshots and what was not committed included. */
async function everythingIn(client: ContainerClient): Promise<Buffer> {
  const parts: Buffer[] = [];
  const all = client.listBlobsFlat({
    includeMetadata: true,
    includeSnapshots: true,
    includeUncommitedBlobs: true,
    includeDeleted: true,
  });
  for await (const { name, metadata } of all) {
    const bytes = await client.getBlobClient(name).downloadToBuffer();
    parts.push(Buffer.from(JSON.stringify({ name, metadata })), bytes);
  }
  return Buffer.concat(parts);
}

describe("Blob key store", () => {
  it("leaves no byte of a shredded key, and no version of what wrapped it", async () => {
    const { store, client } = await openKeys();
    const key = newKey("kek-version-7");
    await store.create(owner, key);
    const before = await everythingIn(client);
    expect(before.includes(key.wrapped)).toBe(true);
    expect(before.includes("kek-version-7")).toBe(true);
    await store.shred(owner);
    const after = await everythingIn(client);
    for (let at = 0; at + 4 <= key.wrapped.byteLength; at += 4)
      expect(after.includes(key.wrapped.subarray(at, at + 4))).toBe(false);
    expect(after.includes("kek-version-7")).toBe(false);
  });

  it("a creation that is under way while the owner is shredded meets the tombstone", async () => {
    const { store, proxy } = await openKeys();
    proxy.intercept(async () => {
      proxy.intercept(() => undefined);
      await store.shred(owner);
      return undefined;
    });
    expect(await store.create(owner, newKey())).toBe("shredded");
    expect(await store.read(owner)).toEqual({ state: "shredded" });
  });

  it("of creators over a faded tombstone one wins", async () => {
    const { store, clock } = await openKeys();
    await store.shred(owner);
    clock.advance(1000);
    const outcomes = await Promise.all(
      [1, 2, 3].map(() => store.create(owner, newKey())),
    );
    expect(outcomes.toSorted()).toEqual(["created", "exists", "exists"]);
  });

  it("a shred that comes between reading and writing a rewrap wins", async () => {
    const { store, proxy } = await openKeys();
    await store.create(owner, newKey("1"));
    proxy.intercept(async ({ method }) => {
      if (method !== "PUT") return undefined;
      proxy.intercept(() => undefined);
      await store.shred(owner);
      return undefined;
    });
    expect(await store.rewrap(owner, "1", newKey("2"))).toBe("unchanged");
    expect(await store.read(owner)).toEqual({ state: "shredded" });
  });

  it("a shred whose answer is lost is repeated until it is known", async () => {
    const { store, proxy } = await openKeys();
    await store.create(owner, newKey());
    let lost = 0;
    proxy.intercept(() => {
      lost += 1;
      return lost < 3 ? { kind: "lose" } : undefined;
    });
    await store.shred(owner);
    expect(lost).toBe(3);
    expect(await store.read(owner)).toEqual({ state: "shredded" });
  });

  it("keys under other versions are found by listings alone, page by page", async () => {
    const { store, proxy } = await openKeys();
    for (let n = 0; n < 9; n += 1)
      await store.create(
        { owner: Tag.parse(`j${n}`), purpose: "result" },
        newKey(n < 7 ? "1" : "2"),
      );
    await store.shred({ owner: Tag.parse("j0"), purpose: "result" });
    const pages = listInPagesOf(proxy, 3);
    const before = proxy.requests.length;
    const found = await collect(store.underOtherVersions("2"));
    expect(found).toHaveLength(6);
    expect(pages()).toBe(3);
    expect(proxy.requests).toHaveLength(before + 3);
  });

  it.each(["", "not a key", "x".repeat(1_000_000)])(
    "a blob that is no key is an attack or a mistake, not a key",
    async (text) => {
      const { store, client } = await openKeys();
      await store.create(owner, newKey());
      for await (const { name } of client.listBlobsFlat())
        await client.uploadBlockBlob(name, text, text.length);
      await expect(store.read(owner)).rejects.toMatchObject({
        code: "content_tampered",
      });
    },
  );

  it("a version that cannot be a header is refused", async () => {
    const { store } = await openKeys();
    await expect(store.create(owner, newKey("a\r\nb"))).rejects.toMatchObject({
      code: "document_invalid",
    });
  });
});

describe("Blob key store's account", () => {
  it("is well when nothing of an overwritten blob is left, and the trial leaves nothing either", async () => {
    const { store, client } = await openKeys();
    expect(await store.check()).toEqual([]);
    expect((await everythingIn(client)).byteLength).toBe(0);
  });

  it("with versioning says so with each write", async () => {
    const { store, proxy } = await openKeys();
    proxy.intercept(({ method }) =>
      method === "PUT"
        ? {
            kind: "add",
            headers: { "x-ms-version-id": "2026-11-22T04:28:27.0000000Z" },
          }
        : undefined,
    );
    expect(await store.check()).toEqual(["versioning"]);
  });

  it("with soft delete still lists what was deleted", async () => {
    const { store, proxy } = await openKeys();
    proxy.intercept(({ path }) =>
      path.includes("comp=list")
        ? {
            kind: "answer",
            status: 200,
            headers: { "content-type": "application/xml" },
            body: `<?xml version="1.0" encoding="utf-8"?><EnumerationResults ServiceEndpoint="https://keys1.blob.core.windows.net/" ContainerName="keys"><Blobs><Blob><Name>checks/x</Name><Deleted>true</Deleted><Snapshot>2026-11-22T04:28:27.0000000Z</Snapshot><Properties><Content-Length>94</Content-Length><BlobType>BlockBlob</BlobType></Properties></Blob></Blobs><NextMarker /></EnumerationResults>`,
          }
        : undefined,
    );
    expect(await store.check()).toEqual(["soft-delete"]);
  });
});

describe("Blob key store failures", () => {
  const operations: readonly [string, (store: KeyStore) => Promise<unknown>][] =
    [
      ["create", (store) => store.create(owner, newKey())],
      ["read", (store) => store.read(owner)],
      ["rewrap", (store) => store.rewrap(owner, "1", newKey())],
      ["shred", (store) => store.shred(owner)],
      ["underOtherVersions", (store) => collect(store.underOtherVersions("1"))],
    ];

  it.each(operations)("%s: each has its code", async (_, run) => {
    const { store, proxy } = await openKeys();
    proxy.intercept(() => storageError(403, "AuthorizationPermissionMismatch"));
    await expect(run(store)).rejects.toMatchObject({
      code: "dependency_denied",
      deniedBy: "keys",
    });
    proxy.intercept(() => storageError(503, "ServerBusy"));
    await expect(run(store)).rejects.toMatchObject({ code: "store_throttled" });
    proxy.intercept(() => ({ kind: "lose" }));
    await expect(run(store)).rejects.toMatchObject({
      code: "store_unavailable",
    });
    proxy.intercept(() => storageError(404, "ContainerNotFound"));
    await expect(run(store)).rejects.toMatchObject({
      code: "configuration_invalid",
    });
  });
});
