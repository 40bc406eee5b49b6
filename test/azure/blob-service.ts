import { randomUUID } from "node:crypto";
import type { TokenCredential } from "@azure/identity";
import { ContainerClient } from "@azure/storage-blob";
import { afterAll, beforeAll, onTestFinished } from "vitest";
import { type Azurite, type AzuriteAccount, startAzurite } from "./azurite.ts";
import { type BlobProxy, startBlobProxy } from "./blob-proxy.ts";
import { type Identity, startIdentity } from "./identity.ts";

/** Blob Storage for the tests of one file, with an identity that may use it. */
export interface BlobService {
  readonly credential: TokenCredential;
  /** A new, empty container. */
  createContainer(account: AzuriteAccount): Promise<TestContainer>;
  /** A proxy before the service, until the end of the test. */
  openProxy(): Promise<BlobProxy>;
}

export interface TestContainer {
  readonly serviceUrl: string;
  readonly container: string;
  readonly credential: TokenCredential;
  /** Straight to the service, to look at what is there. */
  readonly client: ContainerClient;
}

/** Starts Blob Storage before the file's tests and ends it after them. */
export function useBlobService(): BlobService {
  let azurite: Azurite;
  let identity: Identity;
  beforeAll(async () => {
    [azurite, identity] = await Promise.all([startAzurite(), startIdentity()]);
  });
  afterAll(async () => {
    await Promise.all([azurite.close(), identity.close()]);
  });

  return {
    get credential() {
      return identity.credential;
    },
    async createContainer(account) {
      const { credential } = identity;
      const serviceUrl = azurite.serviceUrl(account);
      const container = `test-${randomUUID()}`;
      const client = new ContainerClient(
        `${serviceUrl}/${container}`,
        credential,
      );
      await client.create();
      return { serviceUrl, container, credential, client };
    },
    async openProxy() {
      const proxy = await startBlobProxy(azurite.serviceUrl("vault1"));
      onTestFinished(() => proxy.close());
      return proxy;
    },
  };
}
