import { describe, expect, test } from "vitest";
import type {
  ArtifactProvider,
  ArtifactRequest,
} from "../../shared/artifacts/artifact-provider.ts";
import { Content } from "../../shared/kernel/content.ts";
import { NucleusError, type ErrorCode } from "../../shared/kernel/errors.ts";
import { Tag } from "../../shared/kernel/metadata.ts";

/** The tenant whose job asks, unless a test says otherwise. */
export const tenantId = Tag.parse("t1");

/** What a provider's source system must be able to show for the contract to be checked. */
export interface ArtifactSource {
  readonly provider: ArtifactProvider;
  /** Keeps an artifact (again) under a name and gives its address. */
  readonly put: (name: string, bytes: Uint8Array) => Promise<string>;
  /** The address of an artifact that shrinks while it is read: it declares `sizeBytes` and ends before. */
  readonly putShrinking: (name: string, sizeBytes: number) => Promise<string>;
  /** An address at which there is nothing. */
  readonly missing: string;
  /** An address that exists and to which access is denied for the rest of the test. */
  readonly putForbidden: () => Promise<string>;
  /** Addresses that may not be called at all. */
  readonly refused: readonly string[];
  /** Descriptors or connections that are held at this moment. */
  readonly held: () => Promise<number>;
}

export async function readAll(
  bytes: AsyncIterable<Uint8Array>,
): Promise<Buffer> {
  const chunks: Uint8Array[] = [];
  for await (const chunk of bytes) chunks.push(chunk);
  return Buffer.concat(chunks);
}

/** The code with which retrieving an artifact fails, opening or reading. */
export async function failureOf(
  provider: ArtifactProvider,
  sourceUri: string,
  request: Partial<ArtifactRequest> = {},
): Promise<ErrorCode | "none"> {
  try {
    const { bytes } = await provider.open({
      tenantId,
      sourceUri: Content.fromText(sourceUri),
      maxBytes: 1_000_000,
      signal: new AbortController().signal,
      ...request,
    });
    await readAll(bytes);
    return "none";
  } catch (thrown) {
    if (thrown instanceof NucleusError) return thrown.code;
    throw thrown;
  }
}

/** @param open makes a fresh source system for one test, and cleans up after it. */
export function describeArtifactProvider(
  name: string,
  open: () => Promise<ArtifactSource>,
): void {
  const start = async (
    source: ArtifactSource,
    uri: string,
    request: Partial<ArtifactRequest> = {},
  ): ReturnType<ArtifactProvider["open"]> =>
    source.provider.open({
      tenantId,
      sourceUri: Content.fromText(uri),
      maxBytes: 1_000_000,
      signal: new AbortController().signal,
      ...request,
    });

  describe(`artifact provider ${name}`, () => {
    test("hands out the very bytes, with their size", async () => {
      const source = await open();
      const bytes = Buffer.from(
        Array.from({ length: 300_000 }, (_, index) => index % 251),
      );
      const uri = await source.put("report.bin", bytes);
      const artifact = await start(source, uri);
      expect(artifact.sizeBytes).toBe(bytes.byteLength);
      expect((await readAll(artifact.bytes)).equals(bytes)).toBe(true);
    });

    test("an empty artifact has no bytes, and is no error", async () => {
      const source = await open();
      const uri = await source.put("empty.txt", new Uint8Array());
      const artifact = await start(source, uri);
      expect((await readAll(artifact.bytes)).byteLength).toBe(0);
    });

    test("the etag stays while the artifact does, and changes with it", async () => {
      const source = await open();
      const uri = await source.put("note.txt", Buffer.from("first"));
      const etags: (string | undefined)[] = [];
      for (const next of [undefined, undefined, "second"]) {
        if (next !== undefined) await source.put("note.txt", Buffer.from(next));
        const artifact = await start(source, uri);
        await readAll(artifact.bytes);
        etags.push(artifact.etag?.revealText());
      }
      expect(etags[0]).toBeTypeOf("string");
      expect(etags[1]).toBe(etags[0]);
      expect(etags[2]).not.toBe(etags[0]);
    });

    test("an artifact of exactly the limit is read, a larger one is artifact_too_large", async () => {
      const source = await open();
      const uri = await source.put("limit.bin", Buffer.alloc(1000));
      const { provider } = source;
      expect(await failureOf(provider, uri, { maxBytes: 1000 })).toBe("none");
      expect(await failureOf(provider, uri, { maxBytes: 999 })).toBe(
        "artifact_too_large",
      );
    });

    test("an artifact that ends before its size is artifact_unreachable, not short", async () => {
      const source = await open();
      const uri = await source.putShrinking("shrinking.bin", 500_000);
      expect(await failureOf(source.provider, uri)).toBe(
        "artifact_unreachable",
      );
    });

    test("nothing there is artifact_not_found", async () => {
      const source = await open();
      expect(await failureOf(source.provider, source.missing)).toBe(
        "artifact_not_found",
      );
    });

    test("access denied is artifact_forbidden", async () => {
      const source = await open();
      const uri = await source.putForbidden();
      expect(await failureOf(source.provider, uri)).toBe("artifact_forbidden");
    });

    test("addresses that are not allowed are artifact_refused", async () => {
      const source = await open();
      for (const refused of source.refused)
        expect
          .soft(await failureOf(source.provider, refused), refused)
          .toBe("artifact_refused");
    });

    test("an abort ends it as artifact_timeout, before and while it is read", async () => {
      const source = await open();
      const uri = await source.put("large.bin", Buffer.alloc(900_000));
      expect(
        await failureOf(source.provider, uri, { signal: AbortSignal.abort() }),
      ).toBe("artifact_timeout");

      const controller = new AbortController();
      const artifact = await start(source, uri, { signal: controller.signal });
      const reading = (async () => {
        for await (const chunk of artifact.bytes)
          if (chunk.byteLength > 0) controller.abort();
      })();
      await expect(reading).rejects.toMatchObject({ code: "artifact_timeout" });
    });

    test("nothing is held after reading, after leaving early, and after an abort without reading", async () => {
      const source = await open();
      const uri = await source.put("large.bin", Buffer.alloc(900_000));
      const before = await source.held();

      await readAll((await start(source, uri)).bytes);
      for await (const chunk of (await start(source, uri)).bytes)
        if (chunk.byteLength > 0) break;
      const controller = new AbortController();
      await start(source, uri, { signal: controller.signal });
      controller.abort();

      await expect.poll(() => source.held()).toBeLessThanOrEqual(before);
    });

    test("errors carry their code and nothing of the address", async () => {
      const source = await open();
      for (const uri of [source.missing, ...source.refused]) {
        const error: unknown = await start(source, uri).catch(
          (thrown: unknown) => thrown,
        );
        expect(error).toBeInstanceOf(NucleusError);
        expect(error).not.toHaveProperty("cause");
        expect(String(error)).not.toContain(uri);
      }
    });
  });
}
