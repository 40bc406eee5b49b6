import { readdirSync, renameSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { Content } from "../../../shared/kernel/content.ts";
import type { ContentRef } from "../../../shared/kernel/metadata.ts";
import { Secret } from "../../../shared/vault/secrets.ts";
import {
  codeOf,
  job,
  name,
  openSafe,
  streamOf,
  words,
} from "../../support/safe-fixture.ts";

function objectsIn(home: string): string[] {
  return readdirSync(join(home, "vault"), { recursive: true })
    .map(String)
    .filter((path) => path.endsWith(".sealed"));
}

describe("content safe", () => {
  it("what is sealed opens again, whole and as a stream, under its reference", async () => {
    const { safe } = openSafe();
    await safe.createKeys(job, ["request", "work"]);
    const ref = await safe.seal(job, "work", name("text"), words("häuser"));
    expect(ref).toBe("job-1:work:text");
    expect((await safe.open(ref)).revealText()).toBe("häuser");
    const empty = await safe.seal(job, "work", name("none"), words(""));
    expect((await safe.open(empty)).sizeBytes).toBe(0);
    const parts: Uint8Array[] = [];
    for await (const part of safe.openStream(ref)) parts.push(part);
    expect(Buffer.concat(parts).toString()).toBe("häuser");
  });

  it("a stream is sealed as it comes; each chunk is seen and the size counted", async () => {
    const { safe } = openSafe();
    await safe.createKeys(job, ["work"]);
    const large = Buffer.alloc(150_000, "x");
    const seen: number[] = [];
    const { ref, sizeBytes } = await safe.sealStream(
      job,
      "work",
      name("bytes"),
      streamOf(large, "tail"),
      (chunk) => seen.push(chunk.byteLength),
    );
    expect([sizeBytes, seen]).toEqual([150_004, [150_000, 4]]);
    const opened = await safe.open(ref);
    expect(opened.revealText()).toBe(`${large.toString()}tail`);
  });

  it("sealing the same name again replaces the object; a broken source leaves the earlier one", async () => {
    const { safe, home } = openSafe();
    await safe.createKeys(job, ["work"]);
    await safe.seal(job, "work", name("text"), words("first"));
    const ref = await safe.seal(job, "work", name("text"), words("second"));
    async function* broken() {
      yield Buffer.from("third");
      throw new Error("source broke");
    }
    await expect(
      safe.sealStream(job, "work", name("text"), broken()),
    ).rejects.toThrow("source broke");
    expect((await safe.open(ref)).revealText()).toBe("second");
    expect(objectsIn(home)).toHaveLength(1);
  });

  it("keys are made by createKeys only, and making them again keeps them", async () => {
    const { safe } = openSafe();
    const sealing = () => safe.seal(job, "work", name("a"), words("x"));
    expect(await codeOf(sealing())).toBe("content_missing");
    await safe.createKeys(job, ["work"]);
    const ref = await sealing();
    await safe.createKeys(job, ["work", "result"]);
    expect((await safe.open(ref)).revealText()).toBe("x");
  });

  it("an object that is gone is missing, one that was put in another's place is tampered with", async () => {
    const { safe, home } = openSafe();
    await safe.createKeys(job, ["work"]);
    const a = await safe.seal(job, "work", name("a"), words("words of a"));
    const b = await safe.seal(job, "work", name("b"), words("words of b"));
    const [fileOfA = ""] = objectsIn(home).toSorted();
    const path = join(home, "vault", fileOfA);
    renameSync(path, path.replace("a.sealed", "b.sealed"));
    expect(await codeOf(safe.open(a))).toBe("content_missing");
    expect(await codeOf(safe.open(b))).toBe("content_tampered");
  });

  it("what is no reference is refused, and so are names that no reference can hold", async () => {
    const { safe } = openSafe();
    await safe.createKeys(job, ["work"]);
    const ref = "job-1:work:../../x" as ContentRef;
    expect(await codeOf(safe.open(ref))).toBe("document_invalid");
    const sealing = safe.seal(job, "work", name("a:b"), words("x"));
    expect(await codeOf(sealing)).toBe("document_invalid");
  });

  it("opening large content gives every byte once", async () => {
    const { safe } = openSafe();
    await safe.createKeys(job, ["result"]);
    const bytes = Buffer.from(
      Uint8Array.from({ length: 500_000 }, (_, n) => (n * 31) % 251),
    );
    const content = Content.fromBytes(bytes);
    const ref = await safe.seal(job, "result", name("r"), content);
    const opened = await safe.open(ref);
    expect(bytes.equals(opened.revealBytes())).toBe(true);
  });
});

describe("rotating the key-encryption key", () => {
  it("moves keys to the new version as they are used", async () => {
    const { home, safe, secrets, keys, clock } = openSafe();
    await safe.createKeys(job, ["work"]);
    const ref = await safe.seal(job, "work", name("a"), words("x"));
    await secrets.set("kek", Secret.fromBytes(Buffer.alloc(32, 7)));
    clock.advance(120_000);
    expect((await safe.open(ref)).revealText()).toBe("x");
    expect(await keys.read({ owner: job, purpose: "work" })).toMatchObject({
      kekVersion: "2",
    });
    const other = openSafe(home);
    expect((await other.safe.open(ref)).revealText()).toBe("x");
  });
});
