import { randomUUID } from "node:crypto";
import { createAzureBlobProvider } from "../../../shared/artifacts/adapters/azure-blob.ts";
import {
  type BlobProxy,
  type BlobRequest,
  storageError,
} from "../../azure/blob-proxy.ts";
import type { BlobService, TestContainer } from "../../azure/blob-service.ts";
import {
  type ArtifactSource,
  tenantId,
} from "../../contracts/artifact-provider.ts";

interface BlobArtifactSource extends ArtifactSource {
  readonly proxy: BlobProxy;
  readonly container: TestContainer;
  /** The container's URL, as the provider's sources have it. */
  readonly containerUrl: string;
}

/** A container that is the tenant's, beside one that is not, behind a proxy. */
export async function openBlobSource(
  service: BlobService,
): Promise<BlobArtifactSource> {
  const container = await service.createContainer("artifacts1");
  const other = await service.createContainer("artifacts1");
  const proxy = await service.openProxy();
  const account = proxy.serviceUrl("artifacts1");
  const containerUrl = `${account}/${container.container}`;
  const otherUrl = `${account}/${other.container}`;
  const { origin } = new URL(account);
  const put = async (name: string, bytes: Uint8Array): Promise<string> => {
    await container.client
      .getBlockBlobClient(name)
      .uploadData(Buffer.from(bytes));
    return `${containerUrl}/${name}`;
  };
  await other.client.uploadBlockBlob("secret.txt", "secret", 6);

  const rules: ((
    request: BlobRequest,
  ) => ReturnType<typeof storageError> | undefined)[] = [];
  proxy.intercept((request) =>
    rules.map((rule) => rule(request)).find((fault) => fault !== undefined),
  );

  return {
    proxy,
    container,
    containerUrl,
    provider: createAzureBlobProvider({
      credential: service.credential,
      sources: [{ tenantId, containerUrl }],
    }),
    put,
    putShrinking(name, sizeBytes) {
      rules.push(({ path }) =>
        path.includes(name) ? { kind: "cut", afterBytes: 10 } : undefined,
      );
      return put(name, Buffer.alloc(sizeBytes));
    },
    putForbidden() {
      rules.push(({ path }) =>
        path.includes("private.txt")
          ? storageError(403, "AuthorizationPermissionMismatch")
          : undefined,
      );
      return put("private.txt", Buffer.from("private"));
    },
    missing: `${containerUrl}/missing-${randomUUID()}.txt`,
    refused: [
      `${otherUrl}/secret.txt`,
      `${containerUrl}/../${other.container}/secret.txt`,
      `${containerUrl}/%2e%2e/${other.container}/secret.txt`,
      `${containerUrl}/..%2f${other.container}%2fsecret.txt`,
      `${containerUrl}/a%2f..%2f..%2f${other.container}%2fsecret.txt`,
      `${containerUrl}/..\\${other.container}\\secret.txt`,
      `${containerUrl}/..%5c${other.container}%5csecret.txt`,
      `${containerUrl}/.`,
      `${containerUrl}/a/%00b`,
      `${containerUrl}/%ff`,
      `${containerUrl}-beside/x`,
      containerUrl,
      `${containerUrl}/`,
      `${containerUrl}%2fx`,
      `${containerUrl}/x#y`,
      `${containerUrl}/x?sv=2026-04-06&sr=b&sp=r&sig=c2ln`,
      `${containerUrl}/x?versionid=2026-11-22T04:28:27.0000000Z&sig=c2ln`,
      `${containerUrl}/x?versionid=latest`,
      `${containerUrl}/x?comp=metadata`,
      `${containerUrl}?restype=container&comp=list`,
      containerUrl.replace("https://", "https://user:secret@"),
      containerUrl.replace("https://", "https://127.0.0.1:443@"),
      `${containerUrl.replace("https://", "http://")}/x`,
      `${containerUrl.replace(origin, "https://127.0.0.1")}/x`,
      `${containerUrl.replace("127.0.0.1", "localhost")}/x`,
      containerUrl.replace(
        container.container,
        container.container.toUpperCase(),
      ),
      "https://example.com/x",
      "report.pdf",
    ],
    held: () => Promise.resolve(proxy.underWay()),
  };
}
