import { randomBytes } from "node:crypto";
import { gzipSync } from "node:zlib";
import { describe, expect, test } from "vitest";
import { createAzureBlobProvider } from "../../../shared/artifacts/adapters/azure-blob.ts";
import type { OpenArtifact } from "../../../shared/artifacts/artifact-provider.ts";
import { Content } from "../../../shared/kernel/content.ts";
import { Tag } from "../../../shared/kernel/metadata.ts";
import { storageError } from "../../azure/blob-proxy.ts";
import { useBlobService } from "../../azure/blob-service.ts";
import {
  describeArtifactProvider,
  failureOf,
  readAll,
  tenantId,
} from "../../contracts/artifact-provider.ts";
import { openBlobSource } from "./azure-blob-source.ts";

const service = useBlobService();

describeArtifactProvider("azure-blob", () => openBlobSource(service));

type Source = Awaited<ReturnType<typeof openBlobSource>>;

function open({ provider }: Source, uri: string): Promise<OpenArtifact> {
  return provider.open({
    tenantId,
    sourceUri: Content.fromText(uri),
    maxBytes: 1_000_000,
    signal: new AbortController().signal,
  });
}

async function read(source: Source, uri: string): Promise<string> {
  return (await readAll((await open(source, uri)).bytes)).toString();
}

describe("azure-blob references", () => {
  test("a tenant's blobs are not another's, and nothing is called that is refused", async () => {
    const source = await openBlobSource(service);
    const uri = await source.put("report.txt", Buffer.from("mine"));
    const { provider, proxy, refused } = source;
    const others = { tenantId: Tag.parse("t2") };
    expect(await failureOf(provider, uri, others)).toBe("artifact_refused");
    for (const address of refused) await failureOf(provider, address);
    expect(proxy.requests).toEqual([]);
  });

  test("without sources everything is refused", async () => {
    const { put } = await openBlobSource(service);
    const provider = createAzureBlobProvider({
      sources: [],
      credential: service.credential,
    });
    const uri = await put("report.txt", Buffer.from("x"));
    expect(await failureOf(provider, uri)).toBe("artifact_refused");
  });

  test.each([
    ["folder/report 1.txt", (name: string) => name],
    ["folder/report 1.txt", encodeURIComponent],
    ["folder/report 1.txt", encodeURI],
    ["Größe + 100%.txt", encodeURIComponent],
    ["what?.txt#1", encodeURIComponent],
    ["%2e%2e/x", encodeURIComponent],
    ["a//b/...", encodeURI],
    ["CaSe.txt", (name: string) => `./folder/.././${name}`],
  ])("%j is found however its URL is written: %s", async (name, encode) => {
    const source = await openBlobSource(service);
    await source.put(name, Buffer.from(name));
    const uri = `${source.containerUrl}/${encode(name)}`;
    expect(await read(source, uri)).toBe(name);
  });

  test("scheme and host are read without regard to case", async () => {
    const source = await openBlobSource(service);
    const uri = await source.put("x", Buffer.from("found"));
    expect(await read(source, uri.replace("https", "HTTPS"))).toBe("found");
  });

  test("a snapshot is read as it was, also after the blob has changed", async () => {
    const source = await openBlobSource(service);
    const uri = await source.put("x", Buffer.from("then"));
    const blob = source.container.client.getBlobClient("x");
    const { snapshot = "" } = await blob.createSnapshot();
    await source.put("x", Buffer.from("now"));
    expect(await read(source, `${uri}?snapshot=${snapshot}`)).toBe("then");
    expect(await read(source, uri)).toBe("now");
  });

  test("a version is asked for by its id", async () => {
    const source = await openBlobSource(service);
    const uri = await source.put("x", Buffer.from("x"));
    const id = "2026-11-22T04:28:27.1234567Z";
    await failureOf(source.provider, `${uri}?versionid=${id}`);
    const { path = "" } = source.proxy.requests.at(-1) ?? {};
    const { searchParams } = new URL(path, source.containerUrl);
    expect(searchParams.get("versionid")).toBe(id);
  });
});

describe("azure-blob answers", () => {
  test("the type comes without its parameters, and what was stored compressed is unpacked", async () => {
    const source = await openBlobSource(service);
    const packed = gzipSync("unpacked".repeat(1000));
    const uri = `${source.containerUrl}/page`;
    await source.container.client
      .getBlockBlobClient("page")
      .upload(packed, packed.byteLength, {
        blobHTTPHeaders: {
          blobContentType: "Text/HTML; charset=utf-8",
          blobContentEncoding: "gzip",
        },
      });
    const artifact = await open(source, uri);
    expect(artifact.declaredMediaType).toBe("text/html");
    expect(artifact.sizeBytes).toBeUndefined();
    expect((await readAll(artifact.bytes)).toString()).toBe(
      "unpacked".repeat(1000),
    );
    const { provider } = source;
    expect(await failureOf(provider, uri, { maxBytes: 7999 })).toBe(
      "artifact_too_large",
    );
  });

  test("a connection that is cut is gone on with, of the same version only", async () => {
    const source = await openBlobSource(service);
    const bytes = randomBytes(500_000);
    const uri = await source.put("x", bytes);
    let gets = 0;
    source.proxy.intercept(() => {
      gets += 1;
      return gets < 3 ? { kind: "cut", afterBytes: 200_000 } : undefined;
    });
    const artifact = await open(source, uri);
    expect((await readAll(artifact.bytes)).equals(bytes)).toBe(true);
    expect(gets).toBe(3);

    gets = 0;
    source.proxy.intercept(async () => {
      gets += 1;
      if (gets === 1) return { kind: "cut", afterBytes: 200_000 };
      await source.put("x", randomBytes(500_000));
      return undefined;
    });
    expect(await failureOf(source.provider, uri)).toBe("artifact_unreachable");
  });

  test.each([
    [400, "InvalidQueryParameterValue", "artifact_rejected"],
    [401, "InvalidAuthenticationInfo", "artifact_forbidden"],
    [403, "AuthorizationFailure", "artifact_forbidden"],
    [404, "ContainerNotFound", "artifact_not_found"],
    [404, "BlobNotFound", "artifact_not_found"],
    [409, "BlobArchived", "artifact_rejected"],
    [409, "BlobBeingRehydrated", "artifact_rejected"],
    [412, "ConditionNotMet", "artifact_unreachable"],
    [429, "TooManyRequests", "artifact_throttled"],
    [500, "InternalError", "artifact_unreachable"],
    [503, "ServerBusy", "artifact_throttled"],
  ] as const)("%i %s is %s", async (status, error, code) => {
    const source = await openBlobSource(service);
    const uri = await source.put("x", Buffer.from("x"));
    source.proxy.intercept(() =>
      storageError(status, error, { "retry-after": "7" }),
    );
    await expect(open(source, uri)).rejects.toMatchObject({
      code,
      ...(code === "artifact_throttled" && { retryAfterMs: 7000 }),
    });
    expect(source.proxy.requests.length).toBeLessThanOrEqual(2);
  });

  test("a service that does not answer in time is a timeout, one that hangs up unreachable", async () => {
    const source = await openBlobSource(service);
    const uri = await source.put("x", Buffer.from("x"));
    source.proxy.intercept(() => ({ kind: "hang" }));
    const { containerUrl } = source;
    const hasty = createAzureBlobProvider({
      sources: [{ tenantId, containerUrl }],
      credential: service.credential,
      timeoutMs: 50,
    });
    expect(await failureOf(hasty, uri)).toBe("artifact_timeout");
    source.proxy.intercept(() => ({ kind: "lose" }));
    expect(await failureOf(source.provider, uri)).toBe("artifact_unreachable");
  });

  test("without a token the identity is what fails, not the source", async () => {
    const { put, containerUrl } = await openBlobSource(service);
    const uri = await put("x", Buffer.from("x"));
    const provider = createAzureBlobProvider({
      sources: [{ tenantId, containerUrl }],
      credential: {
        getToken: () =>
          Promise.reject(
            Object.assign(new Error("none"), { name: "AuthenticationError" }),
          ),
      },
    });
    expect(await failureOf(provider, uri)).toBe("identity_unavailable");
  });
});
