import { randomBytes } from "node:crypto";
import { rmSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { Tag } from "../../../shared/kernel/metadata.ts";
import { createFileSecrets } from "../../../shared/vault/adapters/file.ts";
import { createKeyWrap } from "../../../shared/vault/key-wrap.ts";
import { Secret } from "../../../shared/vault/secrets.ts";
import type { VaultOwner } from "../../../shared/vault/vault-object.ts";
import { createManualClock } from "../../support/manual-clock.ts";
import { createTempFolder } from "../../support/temp-folder.ts";

const owner: VaultOwner = { owner: Tag.parse("j1"), purpose: "work" };

function openWrap(folder = createTempFolder()) {
  const clock = createManualClock();
  const secrets = createFileSecrets({ folder });
  return { folder, secrets, keyWrap: createKeyWrap(secrets, clock.now) };
}

describe("key wrap", () => {
  it("a wrapped key is unwrapped, also by another process", async () => {
    const { folder, keyWrap } = openWrap();
    const key = randomBytes(32);
    const wrapped = await keyWrap.wrap(owner, key);
    expect(wrapped.kekVersion).toBe("1");
    expect(wrapped.wrapped.byteLength).toBe(60);
    const other = openWrap(folder).keyWrap;
    expect(key.equals(await other.unwrap(owner, wrapped))).toBe(true);
  });

  it("processes that start at the same time share one key-encryption key", async () => {
    const folder = createTempFolder();
    const wraps = [1, 2, 3, 4].map(() => openWrap(folder).keyWrap);
    const versions = await Promise.all(
      wraps.map((keyWrap) => keyWrap.currentVersion()),
    );
    expect(versions).toEqual(["1", "1", "1", "1"]);
  });

  it("a wrapped key is bound to owner, purpose and version, and every byte counts", async () => {
    const { keyWrap, secrets } = openWrap();
    const wrapped = await keyWrap.wrap(owner, randomBytes(32));
    const { value } = (await secrets.get("kek")) ?? {};
    if (value) await secrets.set("kek", value);
    const tampered = { code: "content_tampered" };
    const others = [
      { ...owner, purpose: "result" as const },
      { ...owner, owner: Tag.parse("j2") },
    ];
    for (const other of others) {
      await expect(keyWrap.unwrap(other, wrapped)).rejects.toMatchObject(
        tampered,
      );
    }
    await expect(
      keyWrap.unwrap(owner, { ...wrapped, kekVersion: "2" }),
    ).rejects.toMatchObject(tampered);
    for (let at = 0; at < 60; at += 1) {
      const changed = Buffer.from(wrapped.wrapped);
      changed[at] = (changed[at] ?? 0) ^ 1;
      await expect(
        keyWrap.unwrap(owner, { ...wrapped, wrapped: changed }),
      ).rejects.toMatchObject(tampered);
    }
    await expect(
      keyWrap.unwrap(owner, { ...wrapped, wrapped: new Uint8Array(20) }),
    ).rejects.toMatchObject(tampered);
  });

  it("a key-encryption key that is lost or malformed is said so, and none is made in its place", async () => {
    const { folder, keyWrap, secrets } = openWrap();
    const wrapped = await keyWrap.wrap(owner, randomBytes(32));
    const invalid = { code: "configuration_invalid" };
    await secrets.set("kek", Secret.fromText("too short"));
    const restarted = openWrap(folder);
    await expect(
      restarted.keyWrap.wrap(owner, randomBytes(32)),
    ).rejects.toMatchObject(invalid);
    rmSync(join(folder, "kek", "1"));
    await expect(
      openWrap(folder).keyWrap.unwrap(owner, wrapped),
    ).rejects.toMatchObject(invalid);
  });
});
