import { randomBytes } from "node:crypto";
import { ContainerClient } from "@azure/storage-blob";
import { expect, test } from "vitest";
import { type OpenBlob, readBlob } from "../../../shared/azure/read-blob.ts";
import { useBlobService } from "../../azure/blob-service.ts";

const service = useBlobService();

async function openBlob(sizeBytes: number) {
  const { client, container, credential } =
    await service.createContainer("vault1");
  const bytes = randomBytes(sizeBytes);
  await client.getBlockBlobClient("blob").uploadData(bytes);
  const proxy = await service.openProxy();
  const url = `${proxy.serviceUrl("vault1")}/${container}`;
  const blob = new ContainerClient(url, credential).getBlobClient("blob");
  return { blob, proxy, bytes };
}

async function readAll({ bytes }: OpenBlob): Promise<Buffer> {
  const chunks: Uint8Array[] = [];
  for await (const chunk of bytes) chunks.push(chunk);
  return Buffer.concat(chunks);
}

test("a download that stalls is gone on with on another connection", async () => {
  const { blob, proxy, bytes } = await openBlob(300_000);
  proxy.intercept(({ headers }) =>
    headers["x-ms-range"] === undefined
      ? { kind: "stall", afterBytes: 100_000 }
      : undefined,
  );
  const found = await readAll(await readBlob(blob, { stallMs: 100 }));
  expect(found.equals(bytes)).toBe(true);
  expect(proxy.requests.at(-1)?.headers["x-ms-range"]).toBe("bytes=100000-");
  await expect.poll(() => proxy.underWay()).toBe(0);
});

test("a service that does not begin to answer is given up", async () => {
  const { blob, proxy } = await openBlob(1);
  proxy.intercept(() => ({ kind: "hang" }));
  await expect(readBlob(blob, { stallMs: 50 })).rejects.toMatchObject({
    name: "AbortError",
  });
  await expect.poll(() => proxy.underWay()).toBe(0);
});

test("an abort ends a reading that waits for its next bytes", async () => {
  const { blob, proxy } = await openBlob(300_000);
  proxy.intercept(() => ({ kind: "stall", afterBytes: 100_000 }));
  const controller = new AbortController();
  const found = await readBlob(blob, { signal: controller.signal });
  let read = 0;
  const reading = (async () => {
    for await (const chunk of found.bytes) {
      read += chunk.byteLength;
      if (read === 100_000) setImmediate(() => controller.abort());
    }
  })();
  await expect(reading).rejects.toMatchObject({ name: "AbortError" });
  expect(proxy.requests).toHaveLength(1);
});
