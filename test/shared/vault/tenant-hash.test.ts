import { describe, expect, it } from "vitest";
import { Content } from "../../../shared/kernel/content.ts";
import { Tag } from "../../../shared/kernel/metadata.ts";
import { createFileSecrets } from "../../../shared/vault/adapters/file.ts";
import { Secret } from "../../../shared/vault/secrets.ts";
import { createTenantHasher } from "../../../shared/vault/tenant-hash.ts";
import { createTempFolder } from "../../support/temp-folder.ts";

const t1 = Tag.parse("t1");
const text = (value: string) => Content.fromText(value);
const openHasher = (folder = createTempFolder()) =>
  createTenantHasher({ secrets: createFileSecrets({ folder }) });

describe("tenant hash", () => {
  it("equal content hashes alike, in every process that has the secret", async () => {
    const folder = createTempFolder();
    const hashers = [openHasher(folder), openHasher(folder)];
    const [first, second] = await Promise.all(
      hashers.map((hasher) => hasher.hash(t1, "query", text("words"))),
    );
    expect(first).toMatch(/^h1\.[\w-]{43}$/);
    expect(second).toBe(first);
  });

  it("tenant, domain, content and secret each make another hash", async () => {
    const hasher = openHasher();
    const hashes = await Promise.all([
      hasher.hash(t1, "query", text("words")),
      hasher.hash(Tag.parse("t2"), "query", text("words")),
      hasher.hash(t1, "artifact", text("words")),
      hasher.hash(t1, "query", text("Words")),
      openHasher().hash(t1, "query", text("words")),
    ]);
    expect(new Set(hashes).size).toBe(5);
  });

  it("bytes in chunks hash like the whole", async () => {
    const hasher = openHasher();
    const streaming = await hasher.start(t1, "artifact");
    for (const part of ["wo", "", "rds"]) streaming.update(Buffer.from(part));
    const whole = await hasher.hash(t1, "artifact", text("words"));
    expect(streaming.digest()).toBe(whole);
  });

  it("the hash is HMAC-SHA-256 under HKDF of the secret: a known answer, since stored hashes must stay comparable", async () => {
    const secrets = createFileSecrets({ folder: createTempFolder() });
    await secrets.set("content-hash", Secret.fromBytes(Buffer.alloc(32, 1)));
    const hasher = createTenantHasher({ secrets });
    expect(await hasher.hash(t1, "query", text("words"))).toBe(
      "h1.g6xggDnsigQDiU4qJQtEn95lcKqol_jYDkOzaZ2Hk2E",
    );
  });

  it("a domain that is no tag, and a malformed secret, are refused", async () => {
    await expect(
      openHasher().hash(t1, "a\0b", text("words")),
    ).rejects.toMatchObject({ code: "document_invalid" });
    const secrets = createFileSecrets({ folder: createTempFolder() });
    await secrets.set("content-hash", Secret.fromText("short"));
    await expect(
      createTenantHasher({ secrets }).hash(t1, "query", text("words")),
    ).rejects.toMatchObject({ code: "configuration_invalid" });
  });
});
