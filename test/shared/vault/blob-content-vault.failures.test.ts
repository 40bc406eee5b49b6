import { randomBytes } from "node:crypto";
import { describe, expect, it } from "vitest";
import { NucleusError } from "../../../shared/kernel/errors.ts";
import { createBlobContentVault } from "../../../shared/vault/adapters/blob-content-vault.ts";
import type { ContentVault } from "../../../shared/vault/content-vault.ts";
import { storageError } from "../../azure/blob-proxy.ts";
import { useBlobService } from "../../azure/blob-service.ts";
import {
  blockBytes,
  collect,
  inChunks,
  isDownload,
  object,
  openBlobVault,
  readAll,
} from "./blob-vault-fixture.ts";

const service = useBlobService();

describe("Blob vault reads", () => {
  it("a download that breaks off goes on where it was", async () => {
    const { vault, proxy } = await openBlobVault(service);
    const bytes = randomBytes(1_000_000);
    await vault.write(object, inChunks(bytes));
    let downloads = 0;
    proxy.intercept((request) => {
      if (!isDownload(request)) return undefined;
      downloads += 1;
      return downloads < 4 ? { kind: "cut", afterBytes: 200_000 } : undefined;
    });
    expect((await readAll(vault)).equals(bytes)).toBe(true);
    expect(downloads).toBe(4);
  });

  it("a download that keeps breaking off is an outage, never a short object", async () => {
    const { vault, proxy } = await openBlobVault(service);
    await vault.write(object, inChunks(randomBytes(1_000_000)));
    proxy.intercept(() => ({ kind: "cut", afterBytes: 1000 }));
    await expect(readAll(vault)).rejects.toMatchObject({
      code: "store_unavailable",
    });
  });

  it("an object that is replaced while it is read is not mixed with the new one", async () => {
    const { vault, proxy } = await openBlobVault(service);
    await vault.write(object, inChunks(randomBytes(500_000)));
    let downloads = 0;
    proxy.intercept(async (request) => {
      if (!isDownload(request)) return undefined;
      downloads += 1;
      if (downloads === 1) return { kind: "cut", afterBytes: 100_000 };
      await vault.write(object, inChunks(randomBytes(500_000)));
      return undefined;
    });
    await expect(readAll(vault)).rejects.toMatchObject({
      code: "store_unavailable",
    });
    expect(downloads).toBe(2);
  });

  it("an object that is deleted while it is read is missing", async () => {
    const { vault, proxy } = await openBlobVault(service);
    await vault.write(object, inChunks(randomBytes(500_000)));
    proxy.intercept(({ headers }) =>
      headers["x-ms-range"] === undefined
        ? { kind: "cut", afterBytes: 100_000 }
        : storageError(404, "BlobNotFound"),
    );
    await expect(readAll(vault)).rejects.toMatchObject({
      code: "content_missing",
    });
  });

  it("who stops reading holds no connection", async () => {
    const { vault, proxy } = await openBlobVault(service);
    await vault.write(object, inChunks(randomBytes(5_000_000)));
    for await (const chunk of vault.read(object))
      if (chunk.byteLength > 0) break;
    await expect.poll(() => proxy.underWay()).toBe(0);
  });
});

describe("Blob vault failures", () => {
  const operations: readonly [
    string,
    (vault: ContentVault) => Promise<unknown>,
  ][] = [
    ["write", (vault) => vault.write(object, inChunks(randomBytes(10)))],
    [
      "write in blocks",
      (vault) => vault.write(object, inChunks(randomBytes(99_999))),
    ],
    ["read", readAll],
    ["deleteOwner", (vault) => vault.deleteOwner(object)],
    ["owners", async (vault) => collect(vault.owners())],
  ];

  it.each(operations)(
    "%s: each has its code and no text of the service",
    async (_, run) => {
      const { vault, proxy } = await openBlobVault(service, { tries: 2 });
      const failWith = async (fault: ReturnType<typeof storageError>) => {
        proxy.intercept(() => fault);
        const thrown: unknown = await run(vault).catch(
          (error: unknown) => error,
        );
        expect(thrown).toBeInstanceOf(NucleusError);
        expect(thrown).not.toHaveProperty("cause");
        return thrown;
      };
      expect(
        await failWith(storageError(403, "AuthorizationPermissionMismatch")),
      ).toMatchObject({ code: "dependency_denied", deniedBy: "vault" });
      expect(
        await failWith(storageError(503, "ServerBusy", { "retry-after": "7" })),
      ).toMatchObject({ code: "store_throttled", retryAfterMs: 7000 });
      expect(await failWith(storageError(500, "InternalError"))).toMatchObject({
        code: "store_unavailable",
      });
      expect(await failWith({ kind: "lose" })).toMatchObject({
        code: "store_unavailable",
      });
    },
  );

  it.each(operations)(
    "%s: a container that is not there is a wrong setting",
    async (_, run) => {
      const { client } = await openBlobVault(service);
      const { url } = client;
      const vault = createBlobContentVault({
        serviceUrl: url.slice(0, url.lastIndexOf("/")),
        container: "nowhere",
        credential: service.credential,
        blockBytes,
      });
      await expect(run(vault)).rejects.toMatchObject({
        code: "configuration_invalid",
      });
    },
  );

  it("an identity without a token is told so", async () => {
    const { vault, proxy } = await openBlobVault(service, {
      credential: {
        getToken: () =>
          Promise.reject(
            Object.assign(new Error("none"), {
              name: "CredentialUnavailableError",
            }),
          ),
      },
    });
    await expect(readAll(vault)).rejects.toMatchObject({
      code: "identity_unavailable",
    });
    expect(proxy.requests).toHaveLength(0);
  });

  it("tokens are not sent without TLS", () => {
    const open = () =>
      createBlobContentVault({
        serviceUrl: "http://127.0.0.1:10000/vault1",
        container: "vault",
        credential: service.credential,
      });
    expect(open).toThrow(RangeError);
  });
});
